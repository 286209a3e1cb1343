import { encode } from 'gpt-tokenizer/encoding/o200k_base';

/** What a client hands a model of one tool. Output schemas, titles and annotations stay with the client. */
export interface ToldTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: unknown;
}

/** Tokens of a text in o200k_base. */
export function countTokens(text: string): number {
  return encode(text).length;
}

/** Tokens of one tool as a model sees it. */
export function tokensOfTool({ name, description, inputSchema }: ToldTool): number {
  return countTokens(JSON.stringify({ name, description, inputSchema }));
}

/** Tokens of several tools together. */
export function tokensOfTools(tools: readonly ToldTool[]): number {
  return tools.reduce((sum, tool) => sum + tokensOfTool(tool), 0);
}
