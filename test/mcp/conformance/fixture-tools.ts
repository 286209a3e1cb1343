import { setTimeout as pause } from 'node:timers/promises';
import {
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  MissingRequiredClientCapabilityError,
  type CallToolResult,
  type ClientCapabilities,
  type InputRequest,
  type InputRequiredResult,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { OperationError } from '../../../src/domain/operation-error.ts';
import type { Caller } from '../../../src/mcp/caller.ts';
import type { ToolAnswer } from '../../../src/mcp/offer.ts';

export interface FixtureCall {
  readonly args: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  readonly context: ServerContext;
}

export interface FixtureTool {
  readonly name: string;
  readonly inputSchema?: object;
  run(call: FixtureCall): ToolAnswer | Promise<ToolAnswer>;
}

export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

export const stateCodec = createRequestStateCodec<{ step: number }>({ key: 'fixture-key-fixture-key-fixture-key-0', ttlSeconds: 60 });

export function text(said: string): CallToolResult {
  return { content: [{ type: 'text', text: said }] };
}

export function form(message: string, properties: object): InputRequest {
  return inputRequired.elicit({ message, requestedSchema: { type: 'object', properties, required: Object.keys(properties) } as never });
}

export function ask(
  questions: Readonly<Record<string, readonly [message: string, properties: object]>>,
  requestState?: string,
): InputRequiredResult {
  return inputRequired({
    inputRequests: Object.fromEntries(Object.entries(questions).map(([key, [message, properties]]) => [key, form(message, properties)])),
    ...(requestState === undefined ? {} : { requestState }),
  });
}

/** One text field of an accepted answer. */
export function nameIn(responses: Readonly<Record<string, unknown>> | undefined, key: string, field: string): string | undefined {
  const { action, content } = (responses?.[key] ?? {}) as { action?: string; content?: Record<string, unknown> };
  const value = content?.[field];
  return action === 'accept' && value !== undefined ? String(value) : undefined;
}

const elicitation =
  (schemaOf: (args: FixtureCall['args']) => { message: string; properties: object; required?: readonly string[] }, prefix: string) =>
  async ({ args, context }: FixtureCall): Promise<CallToolResult> => {
    const { message, properties, required = [] } = schemaOf(args);
    const { action, content } = await context.mcpReq.elicitInput({
      message,
      requestedSchema: { type: 'object', properties, required: [...required] } as never,
    });
    return text(`${prefix}action=${action}, content=${JSON.stringify(content ?? {})}`);
  };

/** The tools that the suite calls; what each answers is what the suite describes. */
export const FIXTURE_TOOLS: readonly FixtureTool[] = [
  { name: 'test_simple_text', run: () => text('This is a simple text response for testing.') },
  { name: 'test_image_content', run: () => ({ content: [{ type: 'image', data: PNG, mimeType: 'image/png' }] }) },
  { name: 'test_audio_content', run: () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }) },
  {
    name: 'test_embedded_resource',
    run: () => ({
      content: [
        {
          type: 'resource',
          resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.' },
        },
      ],
    }),
  },
  {
    name: 'test_multiple_content_types',
    run: () => ({
      content: [
        { type: 'text', text: 'Multiple content types test:' },
        { type: 'image', data: PNG, mimeType: 'image/png' },
        {
          type: 'resource',
          resource: { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data","value":123}' },
        },
      ],
    }),
  },
  {
    name: 'test_tool_with_logging',
    async run({ context }) {
      for (const line of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await context.mcpReq.log('info', line);
        await pause(50);
      }
      return text('Logged.');
    },
  },
  {
    name: 'test_logging_tool',
    async run({ context }) {
      await context.mcpReq.log('info', 'A line');
      return text('Logged.');
    },
  },
  {
    name: 'test_error_handling',
    run() {
      throw new OperationError('invalid_input', 'This tool intentionally returns an error for testing');
    },
  },
  {
    name: 'test_tool_with_progress',
    async run({ context: { mcpReq } }) {
      const progressToken = mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined)
          await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
        await pause(50);
      }
      return text('Done.');
    },
  },
  {
    name: 'test_sampling',
    inputSchema: { type: 'object', properties: { prompt: { type: 'string' } }, required: ['prompt'] },
    async run({ args, context }) {
      const said = await context.mcpReq.requestSampling({
        messages: [{ role: 'user', content: { type: 'text', text: String(args['prompt']) } }],
        maxTokens: 100,
      });
      return text(`LLM response: ${JSON.stringify(said.content)}`);
    },
  },
  {
    name: 'test_elicitation',
    inputSchema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
    run: elicitation(
      ({ message }) => ({
        message: String(message),
        properties: {
          username: { type: 'string', description: "User's response" },
          email: { type: 'string', description: "User's email address" },
        },
        required: ['username', 'email'],
      }),
      'User response: ',
    ),
  },
  {
    name: 'test_elicitation_sep1034_defaults',
    run: elicitation(
      () => ({
        message: 'Defaults',
        properties: {
          name: { type: 'string', default: 'John Doe' },
          age: { type: 'integer', default: 30 },
          score: { type: 'number', default: 95.5 },
          status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
          verified: { type: 'boolean', default: true },
        },
      }),
      'Elicitation completed: ',
    ),
  },
  {
    name: 'test_elicitation_sep1330_enums',
    run: elicitation(
      () => ({
        message: 'Choices',
        properties: {
          untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
          titledSingle: {
            type: 'string',
            oneOf: [
              { const: 'value1', title: 'First Option' },
              { const: 'value2', title: 'Second Option' },
            ],
          },
          legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
          untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
          titledMulti: {
            type: 'array',
            items: {
              anyOf: [
                { const: 'value1', title: 'First Choice' },
                { const: 'value2', title: 'Second Choice' },
              ],
            },
          },
        },
      }),
      'Elicitation completed: ',
    ),
  },
  {
    name: 'json_schema_2020_12_tool',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: { address: { $anchor: 'addressDef', type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } } },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    run: () => text('Valid.'),
  },
  {
    name: 'test_missing_capability',
    run({ context }) {
      const declared = (context.mcpReq.envelope as Readonly<Record<string, unknown>> | undefined)?.[CLIENT_CAPABILITIES_META_KEY];
      if ((declared as ClientCapabilities | undefined)?.sampling) return text('Able.');
      throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } });
    },
  },
];
