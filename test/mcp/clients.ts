import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { StdioCommand } from './serve-stdio.ts';

export interface CallAnswer {
  readonly isError?: boolean;
  readonly _meta?: Readonly<Record<string, unknown>>;
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly content: readonly { readonly type: string; readonly text?: string }[];
}

export interface ListedTool {
  readonly name: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly outputSchema?: Readonly<Record<string, unknown>>;
}

/** An MCP client, whichever library it comes from. */
export interface AnyClient {
  listTools(): Promise<readonly ListedTool[]>;
  call(name: string, args?: Readonly<Record<string, unknown>>): Promise<CallAnswer>;
  readUri(uri: string): Promise<string>;
  promptNames(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Where a server is: an address, or a command that starts it. */
export type Place = { readonly url: string } | { readonly command: StdioCommand };

export type Connect = (place: Place) => Promise<AnyClient>;

const IDENTITY = { name: 'test', version: '1' };

/** The official SDK, version 2, at one protocol revision: 2026-07-28, or the handshake of the older ones. */
export const connectNew =
  (revision: string): Connect =>
  async (place) => {
    const modern = revision >= '2026-07-28';
    const client = new Client(
      IDENTITY,
      modern ? { versionNegotiation: { mode: { pin: revision } } } : { supportedProtocolVersions: [revision] },
    );
    const transport =
      'url' in place
        ? new StreamableHTTPClientTransport(new URL(place.url))
        : new StdioClientTransport({
            command: place.command.command,
            args: [...place.command.args],
            env: { ...place.command.env },
            stderr: 'ignore',
          });
    await client.connect(transport);
    return {
      listTools: async () => (await client.listTools()).tools as unknown as ListedTool[],
      call: async (name, args = {}) =>
        (await client.callTool({ name, arguments: { ...args } }, { timeout: 60_000 })) as unknown as CallAnswer,
      readUri: async (uri) => textOf((await client.readResource({ uri })).contents),
      promptNames: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
      close: () => client.close(),
    };
  };

/** The official SDK, version 1. */
export const connectOld: Connect = async (place) => {
  const client = new OldClient(IDENTITY);
  const transport =
    'url' in place
      ? new OldHttpTransport(new URL(place.url))
      : new OldStdioTransport({
          command: place.command.command,
          args: [...place.command.args],
          env: { ...place.command.env },
          stderr: 'ignore',
        });
  await client.connect(transport);
  return {
    listTools: async () => (await client.listTools()).tools as unknown as ListedTool[],
    call: async (name, args = {}) =>
      (await client.callTool({ name, arguments: { ...args } }, undefined, { timeout: 60_000 })) as unknown as CallAnswer,
    readUri: async (uri) => textOf((await client.readResource({ uri })).contents),
    promptNames: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
    close: () => client.close(),
  };
};

function textOf(contents: readonly object[]): string {
  return contents.map((content) => ('text' in content && typeof content.text === 'string' ? content.text : '')).join('');
}
