import { ProtocolError, ProtocolErrorCode, type Prompt } from '@modelcontextprotocol/server';
import type { PromptOffer } from './offer.ts';
import { PROMPT_TEXTS } from './prompt-texts.ts';

/** Longest value that an argument of a prompt may have. */
const MAX_VALUE = 200;
const BY_TOOL_SEARCH = 'Run the operations named here with call_operation; describe_operation tells their arguments.';

/** The prompts whose tools are all shown. */
export function createPrompts(shown: ReadonlySet<string>, mode: 'list' | 'search'): PromptOffer {
  const offered = PROMPT_TEXTS.filter(({ needs }) => needs.every((name) => shown.has(name)));
  return {
    list: offered.map(({ name, title, description, args }): Prompt => ({
      name,
      title,
      description,
      arguments: Object.entries(args).map(([argument, { description: about, required }]) => ({
        name: argument,
        description: about,
        required,
      })),
    })),
    get(name, given) {
      const prompt = offered.find((candidate) => candidate.name === name);
      if (!prompt) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no prompt ${JSON.stringify(name.slice(0, 80))}.`);
      const missing = Object.keys(prompt.args).filter((argument) => prompt.args[argument]?.required === true && !given[argument]);
      if (missing.length > 0) {
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, `The prompt ${name} needs ${missing.join(', ')}.`, { missing });
      }
      return {
        description: prompt.description,
        messages: [
          {
            role: 'user',
            content: { type: 'text', text: fill([...prompt.lines, ...(mode === 'search' ? [BY_TOOL_SEARCH] : [])].join('\n'), given) },
          },
        ],
      };
    },
  };
}

/**
 * Puts the arguments in. A line with an argument that was left out is left out with it. Values stand as JSON strings on one
 * line, so that a value cannot pass for one of our sentences.
 */
function fill(text: string, given: Readonly<Record<string, string>>): string {
  return text
    .split('\n')
    .filter((line) => [...line.matchAll(/\{(\w+)\}/g)].every(([, argument = '']) => Boolean(given[argument])))
    .map((line) =>
      line.replace(/\{(\w+)\}/g, (_match, argument: string) => {
        const value = (given[argument] ?? '').slice(0, MAX_VALUE);
        return /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value);
      }),
    )
    .join('\n');
}
