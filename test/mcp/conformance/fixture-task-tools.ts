import { setTimeout as pause } from 'node:timers/promises';
import { ask, form, nameIn, text, type FixtureTool } from './fixture-tools.ts';
import type { FixtureTasks } from './fixture-tasks.ts';
import { tasksMissing } from '../../../src/mcp/serve-tasks.ts';

/** The tools of the tasks scenarios. */
export function taskTools(tasks: FixtureTasks): readonly FixtureTool[] {
  return [
    {
      name: 'greet',
      inputSchema: { type: 'object', properties: { name: { type: 'string' } } },
      run: ({ args }) => text(`Hello, ${String(args['name'] ?? 'world')}!`),
    },
    {
      name: 'slow_compute',
      inputSchema: { type: 'object', properties: { seconds: { type: 'number' }, label: { type: 'string' } } },
      async run({ args, caller }) {
        const milliseconds = Number(args['seconds'] ?? 0) * 1000;
        const result = text(`Computed ${String(args['label'] ?? '')}`);
        if (milliseconds === 0) return result;
        if (caller.abilities.tasks) return tasks.create({ afterMs: milliseconds, end: () => ({ result }) });
        await pause(Math.min(milliseconds, 2000), undefined, { ref: false });
        return result;
      },
    },
    {
      name: 'failing_job',
      run({ caller }) {
        if (!caller.abilities.tasks) throw tasksMissing();
        return tasks.create({ afterMs: 300, end: () => ({ result: { ...text('It failed.'), isError: true } }) });
      },
    },
    {
      name: 'protocol_error_job',
      run: () => tasks.create({ afterMs: 200, end: () => ({ error: { code: -32603, message: 'It broke.' } }) }),
    },
    {
      name: 'confirm_delete',
      inputSchema: { type: 'object', properties: { filename: { type: 'string' } } },
      run: ({ args }) =>
        tasks.create({
          questions: { [`confirm-${String(args['filename'])}`]: form('Really?', { confirm: { type: 'boolean' } }) },
          end: () => ({ result: text('Deleted.') }),
        }),
    },
    {
      name: 'multi_input',
      run: () =>
        tasks.create({
          questions: { first: form('First?', { value: { type: 'string' } }), second: form('Second?', { value: { type: 'string' } }) },
          end: () => ({ result: text('Both answered.') }),
        }),
    },
    {
      name: 'test_tool_with_task',
      run({ context, caller }) {
        const name = nameIn(context.mcpReq.inputResponses, 'user_name', 'name');
        if (name === undefined) return ask({ user_name: ['What is your name?', { name: { type: 'string' } }] });
        if (!caller.abilities.tasks) throw tasksMissing();
        return tasks.create({ end: () => ({ result: text(`Hello, ${name}!`) }) });
      },
    },
  ];
}
