import { parseArgs } from 'node:util';
import { SAFEGUARDS } from '../../../src/jobs/safeguards.ts';
import { MODELS } from './models.ts';
import { simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '300' },
    from: { type: 'string', default: '1' },
    model: { type: 'string' },
    operations: { type: 'string', default: '200' },
    without: { type: 'string' },
  },
});

function say(to: NodeJS.WriteStream, text: string): void {
  to.write(`${text}\n`);
}

const models = MODELS.filter((model) => values.model === undefined || model.name === values.model);
const without = SAFEGUARDS.find((safeguard) => safeguard === values.without);
if (values.without !== undefined && without === undefined) throw new RangeError(`no such safeguard: ${values.without}`);
const totals = { seeds: 0, jobs: 0, kills: 0, doubts: 0, sends: 0, steps: 0 };
const states: Record<string, number> = {};
const started = performance.now();
let failed = 0;

const first = Number(values.from);
for (let seed = first; seed < first + Number(values.seeds); seed += 1) {
  const model = models[seed % models.length];
  if (!model) throw new RangeError(`no such model: ${values.model}`);
  const result = await simulate({ seed, model, operations: Number(values.operations), without });
  totals.seeds += 1;
  for (const name of ['jobs', 'kills', 'doubts', 'sends', 'steps'] as const) totals[name] += result[name];
  for (const [state, count] of Object.entries(result.states)) states[state] = (states[state] ?? 0) + count;
  if (result.violations.length === 0) continue;
  failed += 1;
  say(process.stderr, `seed ${seed} (${model.name}):`);
  for (const violation of result.violations.slice(0, 10)) say(process.stderr, `  ${violation}`);
  say(
    process.stderr,
    `  repeat it: npm run test:simulation -- --seeds 1 --from ${seed} --model '${model.name}' --operations ${values.operations}${without === undefined ? '' : ` --without ${without}`}`,
  );
}
say(process.stdout, JSON.stringify({ ...totals, failed, seconds: Math.round((performance.now() - started) / 100) / 10, states }));
process.exit(failed > 0 ? 1 : 0);
