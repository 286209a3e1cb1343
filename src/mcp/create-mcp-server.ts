import {
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type JsonSchemaValidator,
  type McpRequestContext,
  type ServerCapabilities,
  type ServerContext,
  type ServerOptions,
  type Tool,
} from '@modelcontextprotocol/server';
import type { OperationError } from '../domain/operation-error.ts';
import { toOperationError } from '../domain/operation-error.ts';
import type { Principal } from '../domain/principal.ts';
import { abilitiesOf } from './client-abilities.ts';
import type { Caller } from './caller.ts';
import { dismissUnanswered } from './dismiss-unanswered.ts';
import type { Offer, ToolAnswer } from './offer.ts';
import { serveResources } from './serve-resources.ts';
import { serveTasks, tasksMissing } from './serve-tasks.ts';
import { TASKS_EXTENSION } from './task.ts';
import { toolError } from './tool-error.ts';

export interface McpOptions {
  /** What a principal is shown. Equal principals get the same object, so that what is made of it can be kept. */
  offerTo(principal: Principal): Offer;
  readonly version: string;
  /** Who calls, from what the surface knows of the connection. */
  principalOf(context: McpRequestContext): Principal;
  newRequestId(): string;
  /** Told of errors that are the server's own fault. */
  onFault(error: unknown, requestId: string): void;
  /** Checks the state that comes back with a person's answer. */
  readonly verifyState?: NonNullable<ServerOptions['requestState']>['verify'];
  /** Further server options, e.g. capabilities. */
  readonly capabilities?: ServerCapabilities;
}

/** What clients may keep, and for how long: lists change only with the configuration. */
const LIST_CACHE = { ttlMs: 300_000, cacheScope: 'private' } as const;
/** A person gets this long to answer a question; then the call ends and the job goes on waiting. */
const ANSWER_WITHIN_MS = 300_000;
/** Answers to questions are checked by whoever asked; a validator of schemas is not needed. */
const NO_VALIDATOR: NonNullable<ServerOptions['jsonSchemaValidator']> = {
  getValidator<T>(): JsonSchemaValidator<T> {
    return (input: unknown) => ({ valid: true, data: input as T, errorMessage: undefined });
  },
};

/** Makes the factory that serves one connection (stdio) or one request (HTTP) of either protocol era. */
export function createMcpServer(options: McpOptions): (context: McpRequestContext) => Server {
  const { offerTo, version, principalOf, newRequestId, onFault, verifyState } = options;
  const toolsOf = new WeakMap<Offer, ReadonlyMap<string, Tool>>();

  return (connection) => {
    const principal = principalOf(connection);
    const offer = offerTo(principal);
    const { resources, prompts, tasks } = offer;
    const byName = toolsOf.get(offer) ?? new Map(offer.tools.map((tool) => [tool.name, tool]));
    toolsOf.set(offer, byName);
    const lasting = connection.requestInfo === undefined;
    const modern = connection.era === 'modern';
    const subscribe = resources?.watch !== undefined && (lasting || modern);
    const server = new Server(
      { name: 'proxmox-mcp-plus', title: 'Proxmox VE', version },
      {
        capabilities: {
          tools: {},
          ...(resources ? { resources: subscribe ? { subscribe: true } : {} } : {}),
          ...(prompts ? { prompts: {} } : {}),
          ...(offer.complete ? { completions: {} } : {}),
          ...(tasks && modern ? { extensions: { [TASKS_EXTENSION]: {} } } : {}),
          ...options.capabilities,
        },
        ...(offer.instructions === undefined ? {} : { instructions: offer.instructions }),
        ...(verifyState ? { requestState: { verify: verifyState } } : {}),
        inputRequired: { maxRounds: 4, roundTimeoutMs: ANSWER_WITHIN_MS },
        jsonSchemaValidator: NO_VALIDATOR,
        cacheHints: {
          'tools/list': LIST_CACHE,
          'prompts/list': LIST_CACHE,
          'resources/list': LIST_CACHE,
          'resources/templates/list': LIST_CACHE,
          'server/discover': LIST_CACHE,
        },
      },
    );
    if (!modern) dismissUnanswered(server);
    const callerOf = (context: ServerContext): Caller => ({
      principal,
      requestId: newRequestId(),
      abilities: abilitiesOf(server, context),
      request: context.mcpReq,
    });
    /** Runs a handler; what the operations throw becomes a JSON-RPC error with the same facts. */
    const asProtocol = async <T>(caller: Caller, run: () => T | Promise<T>): Promise<T> => {
      try {
        return await run();
      } catch (thrown) {
        if (thrown instanceof ProtocolError) throw thrown;
        const error = toOperationError(thrown);
        if (error.code === 'internal') onFault(thrown, caller.requestId);
        throw protocolErrorOf(error);
      }
    };

    server.setRequestHandler('tools/list', () => ({ tools: [...byName.values()] }));
    server.setRequestHandler('tools/call', async ({ params }, context) => {
      if (!byName.has(params.name)) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${params.name.slice(0, 80)}`);
      const caller = callerOf(context);
      let answer: ToolAnswer;
      try {
        answer = await offer.callTool(params, caller, context);
      } catch (thrown) {
        if (thrown instanceof ProtocolError) throw thrown;
        const error = toOperationError(thrown);
        if (error.code === 'internal') onFault(thrown, caller.requestId);
        return toolError(error);
      }
      if (answer['resultType'] === 'task' && !caller.abilities.tasks) throw tasksMissing();
      return answer as Exclude<ToolAnswer, { resultType: 'task' }>;
    });
    if (resources) {
      serveResources({
        server,
        resources: {
          ...resources,
          read: (uri, caller) => asProtocol(caller, () => resources.read(uri, caller)),
        },
        callerOf,
        tells: lasting ? (modern ? 'whoever listens' : 'who subscribed') : 'nobody',
      });
    }
    if (prompts) {
      server.setRequestHandler('prompts/list', () => ({ prompts: [...prompts.list] }));
      server.setRequestHandler('prompts/get', ({ params }, context) => {
        const caller = callerOf(context);
        return asProtocol(caller, () => prompts.get(params.name, params.arguments ?? {}, caller));
      });
    }
    const { complete } = offer;
    if (complete) server.setRequestHandler('completion/complete', ({ params }, context) => complete(params, callerOf(context)));
    if (tasks && modern) {
      serveTasks(
        server,
        {
          get: (id, caller) => asProtocol(caller, () => tasks.get(id, caller)),
          update: (id, answers, caller) => asProtocol(caller, () => tasks.update(id, answers, caller)),
          cancel: (id, caller) => asProtocol(caller, () => tasks.cancel(id, caller)),
        },
        callerOf,
      );
    }
    return server;
  };
}

function protocolErrorOf({ code, message, hint, effect, details }: OperationError): ProtocolError {
  const ours = code === 'invalid_input' || code === 'not_found' ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(ours, message, { code, hint: hint ?? null, effect, details });
}
