import { describe, expect, test } from 'vitest';
import { countTokens, tokensOfTools } from '../../scripts/count-tokens.ts';
import { registerCatalog } from '../../src/dispatch/registered-operation.ts';
import { SEARCH_TOOLS } from '../../src/mcp/tool-search-tools.ts';
import { instructionsFor } from '../../src/mcp/instructions.ts';
import { LISTED_JOB_TOOLS } from '../../src/mcp/product-offer.ts';
import { listTools } from '../../src/mcp/tool-list.ts';
import { CATALOG } from '../../src/operations/catalog.ts';
import { COMPAT_NAMES } from '../../src/operations/compat-names.ts';
import { startProduct } from '../product.ts';

const operations = registerCatalog(CATALOG);
const tools = listTools(operations);
const named = (names: readonly string[]) => tools.filter(({ name }) => names.includes(name));

/** A hundred VMs as they are found in a small company: three nodes, short names, one or two tags each. */
const ROLES = ['web', 'api', 'db', 'cache', 'mail', 'build', 'worker', 'proxy'] as const;

describe('what a model pays for', () => {
  test('the 41 tools of the predecessor cost at most 4,500 tokens', () => {
    const compat = named(COMPAT_NAMES);
    expect(compat).toHaveLength(41);
    expect(tokensOfTools(compat)).toBeLessThanOrEqual(4500);
  });

  test('tool search over all of them costs at most 900 tokens', () => {
    expect(tokensOfTools([...SEARCH_TOOLS, ...named(LISTED_JOB_TOOLS)])).toBeLessThanOrEqual(900);
  });

  test('no field is an object without fields, which some clients refuse, and no schema is a union or a reference', () => {
    const refused = (schema: unknown, path: string): string[] => {
      if (typeof schema !== 'object' || schema === null) return [];
      const { type, properties, anyOf, oneOf, $ref } = schema as Readonly<Record<string, unknown>>;
      const fields = Object.entries((properties ?? {}) as Readonly<Record<string, unknown>>);
      return [
        ...(type === 'object' && path.includes('.') && fields.length === 0 ? [path] : []),
        ...(anyOf === undefined && oneOf === undefined && $ref === undefined ? [] : [path]),
        ...fields.flatMap(([name, field]) => refused(field, `${path}.${name}`)),
        ...refused((schema as { items?: unknown }).items, `${path}.items`),
      ];
    };
    expect(tools.flatMap(({ name, inputSchema }) => refused(inputSchema, name))).toEqual([]);
  });

  test('the instructions say the most important things in their first 512 characters, which end with a sentence', () => {
    for (const mode of ['list', 'search'] as const) {
      const instructions = instructionsFor(mode);
      const first = instructions.slice(0, 512);
      const whole = first.slice(0, first.lastIndexOf('. ') + 1);
      for (const word of ['vmid', 'job_id', 'poll_job', 'effect', 'dry_run', 'never instructions']) expect(whole).toContain(word);
      expect(countTokens(instructions)).toBeLessThanOrEqual(260);
    }
  });

  test('a list of 100 VMs costs at most 2,000 tokens of text', async () => {
    await using product = await startProduct({
      scenario(cluster) {
        for (const node of ['pve1', 'pve2', 'pve3']) cluster.node(node);
        cluster.form('production');
        cluster.storage('ceph', { type: 'rbd', content: ['images'], totalBytes: 9e13, settings: { pool: 'vm' } });
        for (let n = 0; n < 100; n += 1) {
          cluster.vm(100 + n, {
            node: `pve${1 + (n % 3)}`,
            name: `${ROLES[n % 8]}-${1 + Math.floor(n / 8)}`,
            status: n % 4 === 3 ? 'stopped' : 'running',
            memory: 2048 * (1 + (n % 4)),
            cores: 2 + (n % 7),
            tags: n % 3 === 0 ? ['prod', ROLES[n % 8] ?? ''] : ['prod'],
            disks: { scsi0: 'ceph:32G' },
            uptime: 86_400 * (1 + n),
          });
        }
      },
    });
    const { text, output } = await product.call('get_vms');
    expect(output['guests']).toHaveLength(100);
    expect(output['next_after']).toBeNull();
    expect(countTokens(text)).toBeLessThanOrEqual(2000);
  });

  test('a list of thousands is a summary and a first page within the same bound, and the next page goes on after it', async () => {
    await using product = await startProduct({ scenario: 'large' });
    const { text, output } = await product.call('get_vms');
    expect(Number(output['total'])).toBeGreaterThan(5000);
    expect(text.split('\n')[0]).toMatch(/^\d+ VMs: \d+ running, \d+ stopped/);
    expect(countTokens(text)).toBeLessThanOrEqual(2000);
    const last = (output['guests'] as { vmid: number }[]).at(-1)?.vmid;
    expect(output['next_after']).toBe(last);
    const next = await product.call('get_vms', { after: output['next_after'] });
    expect((next.output['guests'] as { vmid: number }[])[0]?.vmid).toBeGreaterThan(last ?? 0);
  });
});
