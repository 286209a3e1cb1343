import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkCanaries } from '../../src/policy/canaries.ts';
import { decide } from '../../src/policy/decide.ts';
import type { PolicyInput } from '../../src/policy/policy-schema.ts';
import { command, GUEST, policy } from './facts.ts';

const PAGE = readFileSync(new URL('../../docs/command-rules.md', import.meta.url), 'utf8');
const { policy: section } = JSON.parse(/```json\n(.*?)```/s.exec(PAGE)?.[1] ?? '') as { policy: PolicyInput };

test.each([
  ['allow', 'uptime'],
  ['deny', 'df -hT'],
  ['allow', 'df -h -T'],
  ['allow', 'tail -n 100 /var/log/syslog'],
  ['allow', 'systemctl restart nginx'],
  ['ask', 'apt-get upgrade -y'],
  ['allow', 'bash /opt/admin/rotate-logs.sh'],
  ['deny', 'tail -f /var/log/syslog'],
  ['deny', 'tail -n 100 /var/log/../../etc/shadow'],
  ['deny', 'systemctl status -Hroot@elsewhere'],
  ['deny', 'df -h; reboot'],
  ['deny', '/bin/rm x'],
  ['deny', 'REG.EXE query x'],
  ['deny', '/usr/bin/uptime'],
  ['deny', 'bash /opt/admin/other.sh'],
])('the documented rules: %s %s', (effect, words) => {
  expect(decide(command(words, { targets: [{ ...GUEST, tags: ['web'] }] }), policy(section)).effect).toBe(effect);
});

test('the documented rules let no canary pass', () => {
  expect(checkCanaries(policy(section))).toEqual([]);
});
