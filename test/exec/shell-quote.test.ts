import { execFileSync } from 'node:child_process';
import { array, constantFrom, oneof, sample, string } from 'fast-check';
import { expect, test } from 'vitest';
import { quoteCommand } from '../../src/exec/shell-quote.ts';

const word = oneof(
  string({ unit: 'binary' }),
  string({ unit: constantFrom("'", '"', '\\', '$', '`', '\n', ' ', '*', '~', '!', 'a', '(', ')', ';', '&', '|', '{', '}', '#') }),
).map((text) => text.replaceAll('\0', '').toWellFormed());

test.each(['dash', 'bash'])('%s splits a quoted command back into the same words', (shell) => {
  const commands = sample(array(word, { minLength: 1, maxLength: 6 }), { numRuns: 2000, seed: 7 });
  const script = commands.map((argv) => `printf '%s\\0' ${quoteCommand([...argv, 'end'])}`).join('\n');
  const output = execFileSync(shell, ['-s'], { input: script, maxBuffer: 1e8 }).toString('utf8');
  expect(output).toBe(commands.map((argv) => [...argv, 'end'].map((text) => `${text}\0`).join('')).join(''));
});
