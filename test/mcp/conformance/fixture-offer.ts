import { setTimeout as pause } from 'node:timers/promises';
import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type GetPromptResult,
  type Prompt,
  type ReadResourceResult,
} from '@modelcontextprotocol/server';
import type { Offer } from '../../../src/mcp/offer.ts';
import { ask, FIXTURE_TOOLS, nameIn, PNG, text, type FixtureTool } from './fixture-tools.ts';
import { createFixtureTasks } from './fixture-tasks.ts';
import { INPUT_TOOLS } from './fixture-input-tools.ts';
import { taskTools } from './fixture-task-tools.ts';

const PROMPTS: readonly Prompt[] = [
  { name: 'test_simple_prompt', description: 'Without arguments' },
  {
    name: 'test_prompt_with_arguments',
    description: 'With two arguments',
    arguments: [
      { name: 'arg1', description: 'First', required: true },
      { name: 'arg2', description: 'Second', required: true },
    ],
  },
  { name: 'test_prompt_with_embedded_resource', description: 'With a resource', arguments: [{ name: 'resourceUri', required: true }] },
  { name: 'test_prompt_with_image', description: 'With an image' },
  { name: 'test_input_required_result_prompt', description: 'Asks first' },
];

function promptNamed(name: string, args: Readonly<Record<string, string>>): GetPromptResult {
  const says = (content: GetPromptResult['messages'][number]['content']) => ({ role: 'user' as const, content });
  switch (name) {
    case 'test_simple_prompt':
      return { messages: [says({ type: 'text', text: 'This is a simple prompt for testing.' })] };
    case 'test_prompt_with_arguments':
      return { messages: [says({ type: 'text', text: `Prompt with arguments: arg1='${args['arg1']}', arg2='${args['arg2']}'` })] };
    case 'test_prompt_with_embedded_resource':
      return {
        messages: [
          says({
            type: 'resource',
            resource: { uri: String(args['resourceUri']), mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
          }),
          says({ type: 'text', text: 'Please process the embedded resource above.' }),
        ],
      };
    case 'test_prompt_with_image':
      return {
        messages: [
          says({ type: 'image', data: PNG, mimeType: 'image/png' }),
          says({ type: 'text', text: 'Please analyze the image above.' }),
        ],
      };
    default:
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no prompt ${name}.`);
  }
}

function resourceNamed(uri: string): ReadResourceResult {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id !== undefined) {
    const data = { id, templateTest: true, data: `Data for ID: ${id}` };
    return { contents: [{ uri, mimeType: 'application/json', text: JSON.stringify(data) }] };
  }
  switch (uri) {
    case 'test://static-text':
      return { contents: [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }] };
    case 'test://static-binary':
      return { contents: [{ uri, mimeType: 'image/png', blob: PNG }] };
    case 'test://watched-resource':
      return { contents: [{ uri, mimeType: 'text/plain', text: 'Watched.' }] };
    default:
      throw new ResourceNotFoundError(uri);
  }
}

/** What the conformance suite expects a server to have, behind the same interface as the product. */
export function createFixtureOffer(): { readonly offer: Offer; close(): void } {
  const tasks = createFixtureTasks();
  const tools: readonly FixtureTool[] = [...FIXTURE_TOOLS, ...INPUT_TOOLS, ...taskTools(tasks)];
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  return {
    close: () => tasks.close(),
    offer: {
      tools: tools.map(({ name, inputSchema }) => ({
        name,
        description: `Fixture ${name}`,
        inputSchema: (inputSchema ?? { type: 'object', properties: {} }) as { type: 'object' },
      })),
      async callTool({ name, arguments: args = {} }, caller, context) {
        const answer = await byName.get(name)?.run({ args, caller, context });
        await pause(0);
        return answer ?? text('nothing');
      },
      resources: {
        list: [
          { uri: 'test://static-text', name: 'static-text', description: 'Text', mimeType: 'text/plain' },
          { uri: 'test://static-binary', name: 'static-binary', description: 'Bytes', mimeType: 'image/png' },
          { uri: 'test://watched-resource', name: 'watched', description: 'Watched', mimeType: 'text/plain' },
        ],
        templates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', description: 'By id', mimeType: 'application/json' }],
        read: resourceNamed,
        watch: () => () => undefined,
      },
      prompts: {
        list: PROMPTS,
        get(name, args, { request }) {
          if (name !== 'test_input_required_result_prompt') return promptNamed(name, args);
          const context = nameIn(request.inputResponses, 'user_context', 'context');
          if (context === undefined) return ask({ user_context: ['What context should the prompt use?', { context: { type: 'string' } }] });
          return { messages: [{ role: 'user', content: { type: 'text', text: `Context: ${context}` } }] };
        },
      },
      complete: async () => ({ completion: { values: [], total: 0, hasMore: false } }),
      tasks,
    },
  };
}
