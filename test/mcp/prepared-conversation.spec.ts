import { describe, expect, test } from 'vitest';
import { createPreparedConversation } from '../../src/mcp/prepared-conversation.ts';

const ANSWERS = {
  initialize: { '2025-11-25': { protocolVersion: '2025-11-25' } },
  legacy: { ping: {}, 'tools/list': { tools: [] } },
  modern: { '2026-07-28': { 'server/discover': { supportedVersions: [] }, 'tools/list': { tools: [], ttlMs: 1 } } },
};
const HANDSHAKE =
  '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"a","version":"1"}}}';
const opened = () => {
  const conversation = createPreparedConversation(ANSWERS);
  conversation.hear(HANDSHAKE);
  return conversation;
};

describe('a conversation from a record', () => {
  test.each([
    ['no JSON', '{oops'],
    ['nothing', ''],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]'],
    ['another version of JSON-RPC', '{"jsonrpc":"1.0","id":1,"method":"ping"}'],
    ['a field too many', '{"jsonrpc":"2.0","id":1,"method":"ping","more":1}'],
    ['a number that is no id', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}'],
    ['no id', '{"jsonrpc":"2.0","id":null,"method":"ping"}'],
    ['an answer', '{"jsonrpc":"2.0","id":1,"result":{}}'],
    ['parameters in a list', '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}'],
    ['parameters', '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"a"}}'],
    ['a hidden prototype', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{"a":1}}}'],
    ['a name that every object has', '{"jsonrpc":"2.0","id":1,"method":"toString"}'],
    ['a call', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_vms"}}'],
    ['a notification', '{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}'],
  ])('leaves %s to a server', (_what, line) => {
    const conversation = opened();
    expect(conversation.hear(line)).toBe('beyond');
    expect(conversation.toRepeat).toEqual([HANDSHAKE]);
  });

  test('answers with the id that was given, be it a number or text', () => {
    const conversation = opened();
    expect(conversation.hear('{"jsonrpc":"2.0","id":"a","method":"ping"}\r')).toEqual(['{"jsonrpc":"2.0","id":"a","result":{}}']);
    expect(conversation.hear('{"jsonrpc":"2.0","id":9,"method":"tools/list","params":{}}')).toEqual([
      '{"jsonrpc":"2.0","id":9,"result":{"tools":[]}}',
    ]);
  });

  test('is repeated to a server as far as it settles how the connection goes on', () => {
    const conversation = opened();
    const initialized = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
    expect(conversation.hear(initialized)).toEqual([]);
    conversation.hear('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
    expect(conversation.toRepeat).toEqual([HANDSHAKE, initialized]);
    expect([...conversation.answered]).toEqual([0]);
  });

  test('knows no version but those of the record', () => {
    const { hear } = createPreparedConversation(ANSWERS);
    expect(hear(HANDSHAKE.replace('2025-11-25', 'constructor'))).toBe('beyond');
    expect(hear(HANDSHAKE.replace('"name":"a"', '"name":5'))).toBe('beyond');
    expect(hear(HANDSHAKE.replace('"capabilities":{},', ''))).toBe('beyond');
    expect(hear(HANDSHAKE)).toEqual(['{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25"}}']);
  });
});
