import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CATALOG } from '../../src/operations/catalog.ts';
import type { Operation } from '../../src/operations/define.ts';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { startProduct, type Answer } from '../product.ts';
import { connect } from '../simulator/with-simulator.ts';
import { ONE_CALL_EACH, type OneCall, type Row } from './one-call-each.ts';

const operations = (Object.values(CATALOG) as (readonly Operation[])[]).flat();
const operationNamed = (name: string): Exclude<Operation, { kind: 'control' }> => {
  const found = operations.find((operation) => operation.name === name);
  if (found === undefined || found.kind === 'control') throw new Error(`no operation ${name} reaches Proxmox VE`);
  return found;
};

/** Reach Proxmox VE with no privilege at all: a token may read the log of its own tasks. */
const NEEDS_NOTHING = ['get_task_log'];

/** Lists that Proxmox VE cuts down in silence: the answer says that it may be partial. */
const FILTERED: Readonly<Record<string, readonly string[]>> = {
  get_nodes: ['Sys.Audit'],
  get_storage: ['Datastore.Audit'],
  get_vms: ['VM.Audit'],
  get_containers: ['VM.Audit'],
  list_backups: ['Datastore.AllocateSpace', 'VM.Backup'],
};

const SSH = { user: 'root', key_file: '/nonexistent/id_ed25519', known_hosts_file: '/nonexistent/known_hosts' };
const CONFIG = { policy: { risks: { execute: 'allow' }, commands: { mode: 'audit_only' } }, ssh: SSH };

let sim: Simulator;
let lastId = 20_000;
beforeAll(async () => {
  sim = await startSimulator({ speed: 400, authenticationDelaySeconds: 0 });
});
afterAll(() => sim.close());

interface Missing {
  /** ACL path with placeholders. */
  readonly template: string;
  readonly privilege: string;
}

function declared(name: string): readonly Missing[] {
  return Object.entries(operationNamed(name).permissions).flatMap(([template, privileges]) =>
    ('pve9' in privileges ? privileges.pve9 : privileges).map((privilege) => ({ template, privilege })),
  );
}

const fill = (template: string, values: Row): string => template.replace(/\{(\w+)\}/g, (_match, field: string) => String(values[field]));

/** Whether a privilege on the outer path reaches the inner one. */
const isWithin = (inner: string, outer: string): boolean => inner === outer || outer === '/' || inner.startsWith(`${outer}/`);

async function callWith(one: OneCall, missing?: Missing): Promise<Answer & { readonly path: string }> {
  const id = (lastId += 1);
  one.arrange?.(sim, id);
  const args = one.args(id, sim);
  const values: Row = { vmid: id, ...one.fills, ...args };
  const privileges: Record<string, string[]> = Object.fromEntries(Object.entries(one.extra ?? {}).map(([path, held]) => [path, [...held]]));
  for (const { template, privilege } of declared(one.name)) {
    const held = (privileges[fill(template, values)] ??= []);
    if (template !== missing?.template || privilege !== missing.privilege) held.push(privilege);
  }
  await using product = await startProduct({
    simulator: sim,
    token: ({ cluster }) => cluster.createToken(`agent${id}@pve`, 'mcp', { privileges, privsep: false }),
    config: CONFIG,
  });
  const isTask = operationNamed(one.name).kind === 'task';
  const answer = await product.call(one.name, { ...args, ...(isTask ? (one.needsSsh ? { dry_run: true } : { wait_seconds: 50 }) : {}) });
  return { ...answer, path: missing === undefined ? '' : fill(missing.template, values) };
}

test('every operation that reaches Proxmox VE has a typical call here', () => {
  const reaching = operations.filter(({ kind }) => kind !== 'control').map(({ name }) => name);
  expect([...ONE_CALL_EACH.map(({ name }) => name), ...NEEDS_NOTHING].toSorted()).toEqual(reaching.toSorted());
  for (const name of NEEDS_NOTHING) expect(declared(name)).toEqual([]);
});

describe.concurrent.each(ONE_CALL_EACH.map((one) => [one.name, one] as const))('%s', (name, one) => {
  test('succeeds with exactly the privileges that it declares', async () => {
    const { isError, text, output } = await callWith(one);
    expect(isError, text).toBe(false);
    if (operationNamed(name).kind === 'task') expect(output['status'], text).toBe(one.needsSsh ? 'dry_run' : 'completed');
    expect(output['partial'] ?? null).toBeNull();
  });

  test.each(declared(name).map((missing) => [missing.privilege, missing.template, missing] as const))(
    'without %s on %s says what is missing and how to grant it',
    async (privilege, _template, missing) => {
      const { isError, text, error, path, output } = await callWith(one, missing);
      const granting = new RegExp(`--privs '[^']*${privilege}[^']*'; pveum acl modify ${path} --tokens`);
      if (FILTERED[name]?.includes(privilege)) {
        expect(output['partial'], text).toContain(`lacks ${privilege} on ${path}`);
        expect(text).toMatch(granting);
        return expect(isError, text).toBe(false);
      }
      expect(isError, text).toBe(true);
      expect(error, text).toMatchObject({ code: 'missing_privilege' });
      expect(error.details['privileges'], text).toContain(privilege);
      expect(error.message, text).toContain(privilege);
      const named = String(error.details['path']);
      expect(isWithin(named, path) || isWithin(path, named), `${named} and ${path} lie apart`).toBe(true);
      expect(error.hint, text).toMatch(/pveum role add .*pveum acl modify \//);
    },
  );
});

describe('the lines of a hint', () => {
  /** Runs what a person would run on a node: `|| pveum role modify` only where the role exists, `--users` where it is advised. */
  async function runHint(hint: string): Promise<void> {
    const pve = connect(sim);
    const user = /--users (\S+)\.$/.exec(hint)?.[1] ?? '';
    for (const [, role = '', privs = '', path = '', token = ''] of hint.matchAll(
      /pveum role add (\S+) --privs '([^']+)' \|\| .*?; pveum acl modify (\S+) --tokens '([^']+)' --roles \S+?(?=[;.])/g,
    )) {
      const added = await pve('POST', '/access/roles', { body: { roleid: role, privs } });
      if (added.status !== 200) await pve('PUT', `/access/roles/${role}`, { body: { append: 1, privs } });
      for (const whose of [{ tokens: token }, { users: user }]) {
        expect((await pve('PUT', '/access/acl', { body: { path, roles: role, ...whose } })).status).toBe(200);
      }
    }
  }

  test.each([true, false])('give what was missing and keep what was inherited, with privilege separation %s', async (privsep) => {
    const id = (lastId += 1);
    sim.cluster.vm(id, { node: 'pve1', status: 'stopped' });
    await using product = await startProduct({
      simulator: sim,
      token: ({ cluster }) => cluster.createToken(`agent${id}@pve`, 'mcp', { privileges: { '/vms': ['VM.Audit'] }, privsep }),
    });
    const refused = await product.call('start_vm', { vmid: id });
    expect(refused.error).toMatchObject({ code: 'missing_privilege', details: { privileges: ['VM.PowerMgmt'] } });
    await runHint(refused.error.hint ?? '');
    expect((await product.call('start_vm', { vmid: id, wait_seconds: 50 })).output['status']).toBe('completed');
  });
});

test.each(['8.4', '9.2'])('no operation asks for a privilege that Proxmox VE %s does not know', (version) => {
  const schema = readFileSync(`data/pve-api/${version}.json`, 'utf8');
  const wanted = operations.flatMap((operation) =>
    operation.kind === 'control'
      ? []
      : Object.values(operation.permissions).flatMap((list) => ('pve9' in list ? (version === '8.4' ? list.pve8 : list.pve9) : list)),
  );
  // In the schemas stand those that Proxmox checks by itself; the rest is the same in both.
  const IN_CODE = new Set(['VM.Allocate', 'VM.Backup', 'SDN.Use']);
  const unknown = new Set(wanted.filter((privilege) => !IN_CODE.has(privilege) && !schema.includes(`"${privilege}"`)));
  expect([...unknown]).toEqual([]);
});
