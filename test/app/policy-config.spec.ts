import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/app/load-config.ts';
import { loadPolicy } from '../../src/app/load-policy.ts';
import { CATALOG } from '../../src/operations/catalog.ts';

const CREDENTIALS = { PROXMOX_HOST: 'pve.example', PROXMOX_USER: 'mcp@pve', PROXMOX_TOKEN_NAME: 'agent', PROXMOX_TOKEN_VALUE: 'hush-hush' };
const SECTIONS = { proxmox: { host: 'x' }, auth: { user: 'a@pve', token_name: 't', token_value: 'hush-hush' } };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: unknown, mode = 0o600): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  chmodSync(path, mode);
  return path;
};
const file = (sections: object, mode?: number): Record<string, string> => ({
  PROXMOX_MCP_CONFIG: write('config.json', { ...SECTIONS, ...sections }, mode),
});
const policyIn = (environment: Record<string, string>) => loadPolicy(loadConfig(environment).config, CATALOG);
const problemOf = (environment: Record<string, string>): string => {
  try {
    loadConfig(environment);
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('the policy in the configuration', () => {
  test('is safe when nothing is said of it', async () => {
    const { section, findings, active } = await policyIn(CREDENTIALS);
    expect(section).toMatchObject({ read_only: false, risks: { execute: 'deny' }, high_risk: { mode: 'audit_only' } });
    expect(findings).toEqual([]);
    expect(active.hasTokens).toBe(false);
  });

  test('has switches in the environment, beside a file too', async () => {
    expect((await policyIn({ ...CREDENTIALS, PROXMOX_MCP_READ_ONLY: 'true', PROXMOX_MCP_TOOLSETS: 'vms,jobs' })).section).toMatchObject({
      read_only: true,
      toolsets: ['vms', 'jobs'],
    });
    expect((await policyIn({ ...file({}), PROXMOX_MCP_READ_ONLY: 'true' })).section.read_only).toBe(true);
  });

  test('is read from YAML or JSON of its own', async () => {
    const rules =
      '# kept in git\nprotected_tags: [prod]\nrules:\n  - name: nights\n    effect: deny\n    risks: [disrupt]\n    tags: ["prod*"]\n';
    const yaml = await policyIn(file({ policy: { file: write('policy.yaml', rules), read_only: true } }));
    expect(yaml.section).toMatchObject({ read_only: true, protected_tags: ['prod'], rules: [{ name: 'nights', effect: 'deny' }] });
    const json = await policyIn(file({ policy: { file: write('policy.json', { policy: { four_eyes: ['destroy'] } }) } }));
    expect(json.section.four_eyes).toEqual(['destroy']);
  });

  test('is one thing in one place', () => {
    expect(problemOf(file({ policy: { file: 'x.yaml', rules: [] } }))).toContain('belongs into policy.file');
  });

  test('with a misspelt key stops the start, naming the place', async () => {
    expect(problemOf(file({ policy: { rules: [{ effect: 'deny', tag: ['prod'] }] } }))).toMatch(/policy\.rules\.0.*tag/s);
    await expect(policyIn(file({ policy: { file: write('bad.yaml', 'rule: []') } }))).rejects.toThrow(/bad\.yaml/);
    await expect(policyIn(file({ policy: { file: write('broken.yaml', 'rules: [') } }))).rejects.toThrow(/no valid YAML/);
    await expect(policyIn(file({ policy: { file: write('twice.yaml', 'rules: []\nrules: []') } }))).rejects.toThrow(/no valid YAML/);
    await expect(policyIn(file({ policy: { file: join(folder, 'nowhere.yaml') } }))).rejects.toThrow(/ENOENT/);
  });

  test('in a file that everybody can write is refused', async () => {
    await expect(policyIn(file({ policy: { file: write('open.yaml', 'rules: []', 0o666) } }))).rejects.toThrow(/chmod o-w/);
  });

  test('names that do not exist, and what runs too much, are reported', async () => {
    const { findings } = await policyIn(file({ policy: { toolsets_off: ['vm'], commands: { allow_patterns: ['.*'] } } }));
    expect(findings.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['policy.toolsets_off[0]', 'policy.commands.allow_patterns[0]']),
    );
  });

  test('changes its version with every change of its meaning', async () => {
    const [one, same, other] = [
      await policyIn(CREDENTIALS),
      await policyIn(file({})),
      await policyIn(file({ policy: { four_eyes: ['destroy'] } })),
    ];
    expect(one.active.version).toBe(same.active.version);
    expect(other.active.version).not.toBe(one.active.version);
  });
});

describe("the predecessor's settings", () => {
  test('come from COMMAND_POLICY_* where no file is used', async () => {
    const { section, active } = await policyIn({
      ...CREDENTIALS,
      COMMAND_POLICY_MODE: 'allowlist',
      COMMAND_POLICY_ALLOW_PATTERNS: '^uptime$,^df -h$',
      COMMAND_POLICY_HIGH_RISK_MODE: 'enforce',
      COMMAND_POLICY_HIGH_RISK_REQUIRE_APPROVAL_TOKEN: 'true',
      COMMAND_POLICY_HIGH_RISK_APPROVAL_TOKEN: 'sesame-sesame-sesame',
    });
    expect(section.commands.allow_patterns).toEqual(['^uptime$', '^df -h$']);
    expect(section.high_risk).toMatchObject({ mode: 'enforce', token: 'required' });
    expect(active.checkToken('sesame-sesame-sesame')).toEqual({ given: true, opensCommands: false, opensHighRisk: true });
    expect(active.checkToken('sesame')).toEqual({ given: true, opensCommands: false, opensHighRisk: false });
    expect(active.checkToken(undefined)).toEqual({ given: false, opensCommands: false, opensHighRisk: false });
    expect(JSON.stringify(section)).not.toContain('sesame');
  });

  test('that are wrong stop the start without showing a token', () => {
    const message = problemOf({ ...CREDENTIALS, COMMAND_POLICY_REQUIRE_APPROVAL_TOKEN: 'perhaps' });
    expect(message).toContain('COMMAND_POLICY_REQUIRE_APPROVAL_TOKEN');
    expect(problemOf(file({ command_policy: { approval_token: { nested: 'hush-hush' } } }))).not.toContain('hush-hush');
  });

  test('weaker than the default are reported with what to write instead', async () => {
    const { findings } = await policyIn(file({ command_policy: { mode: 'audit_only', high_risk_mode: 'disabled' } }));
    expect(findings.filter((finding) => finding.weaker_than_default).map(({ path }) => path)).toEqual(
      expect.arrayContaining(['command_policy.mode', 'command_policy.high_risk_mode']),
    );
    for (const finding of findings) expect(finding.how_to_mend).not.toBe('');
  });

  test('tool_allowlist and tool_denylist deny what they leave out and name', async () => {
    const { section } = await policyIn(file({ mcp: { tool_allowlist: ['get_vms', 'start_vm'], tool_denylist: ['start_vm'] } }));
    const [allowlist, denylist] = section.rules;
    expect(allowlist).toMatchObject({ name: 'mcp.tool_allowlist', effect: 'deny' });
    expect(allowlist?.operations).toContain('delete_vm');
    expect(allowlist?.operations).not.toContain('get_vms');
    expect(denylist).toMatchObject({ effect: 'deny', operations: ['start_vm'] });
  });
});

describe('a config file that everybody can read', () => {
  test('stops the start when it holds a secret, and says what to do', () => {
    const message = problemOf(file({}, 0o644));
    expect(message).toContain('auth.token_value');
    expect(message).toContain('chmod 600');
    expect(message).not.toContain('hush-hush');
    expect(problemOf(file({}, 0o640))).toBe('none');
    const hook = { url: 'https://hooks.example/x', secret: 'sixteen characters' };
    expect(problemOf(file({ auth: {}, webhooks: [hook] }, 0o644))).toContain('webhooks[0].secret');
  });

  test('is accepted when the operator says so', () => {
    expect(problemOf(file({ security: { allow_world_readable_config: true } }, 0o644))).toBe('none');
    expect(problemOf({ ...file({}, 0o644), PROXMOX_MCP_ALLOW_WORLD_READABLE_CONFIG: 'true' })).toBe('none');
  });
});
