import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';

type Answer = { readonly action: 'accept' | 'decline' | 'cancel'; readonly content?: Readonly<Record<string, string>> };
interface Form {
  readonly message: string;
  readonly requestedSchema: {
    readonly required?: readonly string[];
    readonly properties: Readonly<Record<string, { readonly type: string; readonly title?: string }>>;
  };
}

let product: Product;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(() => product.close());

let vmid = 8000;
beforeEach(() => {
  vmid += 1;
  product.sim.cluster.vm(vmid, { name: `victim-${vmid}`, status: 'stopped' });
});
const exists = (): boolean => product.sim.cluster.guest(vmid) !== undefined;

/** A client whose person answers forms as told, and the forms that were shown. */
async function withPerson<T>(answers: readonly Answer[], use: (client: Client, forms: Form[]) => Promise<T>): Promise<T> {
  const client = new Client(
    { name: 'test', version: '1' },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  const forms: Form[] = [];
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    forms.push(params as unknown as Form);
    const { action, content } = answers[Math.min(forms.length, answers.length) - 1] ?? { action: 'cancel' as const };
    return content === undefined ? { action } : { action, content: { ...content } };
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(product.url)));
  try {
    return await use(client, forms);
  } finally {
    await client.close();
  }
}

const remove = async (client: Client): Promise<Readonly<Record<string, unknown>>> => {
  const result = await client.callTool({ name: 'delete_vm', arguments: { vmid, wait_seconds: 20, reason: 'cleaning up' } });
  return result.structuredContent as Readonly<Record<string, unknown>>;
};

describe('a person at the client', () => {
  test('is shown facts and asked for the name, which approves', async () => {
    await withPerson([{ action: 'accept', content: { approval: `victim-${vmid}` } }], async (client, forms) => {
      expect(await remove(client)).toMatchObject({ status: 'completed' });
      const [form] = forms;
      expect(form?.message).toContain(`Guest: VM ${vmid} "victim-${vmid}"`);
      expect(form?.message).toContain('Reason that the caller gives, unchecked: "cleaning up"');
      expect(form?.requestedSchema.required).toEqual(['approval']);
      expect(form?.requestedSchema.properties['approval']).toMatchObject({ type: 'string', title: `Name of guest ${vmid}` });
    });
    expect(exists()).toBe(false);
  });

  test('refuses, and the job is over', async () => {
    const answer = await withPerson([{ action: 'decline' }], remove);
    expect(answer).toMatchObject({ status: 'rejected' });
    expect(exists()).toBe(true);
  });

  test.each([
    ['accepts an empty form by itself', { action: 'accept', content: {} }],
    ['accepts without any content', { action: 'accept' }],
    ['fills in a yes', { action: 'accept', content: { approval: 'yes' } }],
    ['fills in the name of another guest', { action: 'accept', content: { approval: 'victim-1' } }],
    ['closes the form', { action: 'cancel' }],
  ] as const satisfies readonly (readonly [string, Answer])[])('whose client %s has approved nothing', async (_title, answer) => {
    const outcome = await withPerson([answer], remove);
    expect(outcome).toMatchObject({ status: 'awaiting_approval', effect: 'none' });
    expect(exists()).toBe(true);
  });

  test('is not asked where nothing can be shown: the mode audit_only lets the call pass and keeps account of it', async () => {
    const { output } = await product.call('delete_vm', { vmid, wait_seconds: 20 });
    expect(output).toMatchObject({ status: 'completed' });
  });
});
