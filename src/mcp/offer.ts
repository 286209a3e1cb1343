import type {
  CallToolRequest,
  CallToolResult,
  CompleteRequest,
  CompleteResult,
  GetPromptResult,
  InputRequiredResult,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplateType,
  ServerContext,
  Tool,
} from '@modelcontextprotocol/server';
import type { Caller } from './caller.ts';
import type { CreatedTask, TaskOffer } from './task.ts';

export type ToolAnswer = CallToolResult | InputRequiredResult | CreatedTask;
type Answered<Plain> = Plain | InputRequiredResult | Promise<Plain | InputRequiredResult>;

export interface ResourceOffer {
  readonly list: readonly Resource[];
  readonly templates: readonly ResourceTemplateType[];
  /** @throws ResourceNotFoundError, OperationError */
  read(uri: string, caller: Caller): Answered<ReadResourceResult>;
  /** Calls the listener with the URI of each resource that changed; returns the way to stop. */
  watch?(listener: (uri: string) => void): () => void;
}

export interface PromptOffer {
  readonly list: readonly Prompt[];
  /** @throws ProtocolError for a prompt that does not exist */
  get(name: string, args: Readonly<Record<string, string>>, caller: Caller): Answered<GetPromptResult>;
}

/**
 * Everything a server shows its clients, apart from how it is served. The product's own offer is made of the catalogue; a
 * test brings another one to the same server.
 */
export interface Offer {
  /** The same for every connection, in a fixed order. */
  readonly tools: readonly Tool[];
  readonly instructions?: string;
  /** Asked only for names in `tools`. @throws OperationError for a call that fails, ProtocolError for a fault of the protocol */
  callTool(params: CallToolRequest['params'], caller: Caller, context: ServerContext): Promise<ToolAnswer>;
  readonly resources?: ResourceOffer;
  readonly prompts?: PromptOffer;
  complete?(params: CompleteRequest['params'], caller: Caller): Promise<CompleteResult>;
  readonly tasks?: TaskOffer;
}
