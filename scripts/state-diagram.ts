import { TRANSITIONS } from '../src/jobs/transitions.ts';

/** The states of a job and what moves it between them, for `docs/job-protocol.md`: all but what a person does to a job that is over. */
export function stateDiagram(): string {
  const byItself = Object.entries(TRANSITIONS).filter(([event]) => !/^(?:retried|resolved)/.test(event));
  const moves = byItself.flatMap(([event, { from, to }]) => from.map((state) => ({ way: `${state} --> ${to}`, event })));
  const ways = [...Map.groupBy(moves, ({ way }) => way)].map(
    ([way, events]) => `    ${way}: ${events.map(({ event }) => event.replaceAll('_', ' ')).join(', ')}`,
  );
  return [
    '```mermaid',
    'stateDiagram-v2',
    '    [*] --> awaiting_approval: policy asks',
    '    [*] --> ready: recorded',
    ...ways,
    '```',
  ].join('\n');
}
