import { createHash } from 'node:crypto';
import type { SendPlan } from '../domain/plan.ts';
import { formatBytes } from '../domain/units.ts';
import { showJson, showUntrusted } from '../domain/untrusted-text.ts';
import { guestLabel } from '../domain/guest.ts';
import { riskOfCall } from '../operations/risk-of-call.ts';
import type { TargetDescription } from '../operations/target-facts.ts';
import type { AskedWrite } from './asked-write.ts';
import { scriptIn } from './authorize.ts';

const NAME_LENGTH = 120;
const FACT_LENGTH = 600;
const FACTS = 24;
const REASON_LENGTH = 300;
/** A script is read whole before it is approved. */
const SCRIPT_LENGTH = 64_000;

/**
 * What a person reads before deciding: facts that the server found out itself. Whatever somebody else wrote (names, tags, the
 * caller's reason) is quoted, on its own line, bounded, with every invisible character shown.
 */
export function approvalText(asked: AskedWrite, targets: readonly TargetDescription[], expiresAt: Date): readonly string[] {
  const { registered, principal, plan, decision, summary, reason, input } = asked;
  const { operation } = registered;
  const risk = riskOfCall(operation, input);
  const loses = operation.kind === 'task' && risk === 'destroy' ? operation.loses : undefined;
  return [
    summary,
    `Operation: ${operation.name} (risk: ${risk}), asked by ${showUntrusted(principal.id)} over ${principal.surface}`,
    ...(loses === undefined ? [] : [`Lost for ever: ${loses}`]),
    ...targets.flatMap(linesOf),
    ...commandLines(asked),
    ...Object.entries(plan.result)
      .slice(0, FACTS)
      .flatMap(([name, value]) => (isNothing(value) ? [] : [`${name}: ${showFact(value)}`])),
    `Policy: ${decision.reason}${decision.rules.length === 0 ? '' : ` (${decision.rules.map((rule) => showUntrusted(rule)).join(', ')})`}`,
    ...(reason === undefined ? [] : [`Reason that the caller gives, unchecked: ${quote(reason, REASON_LENGTH)}`]),
    `Open until ${expiresAt.toISOString()}`,
  ];
}

function linesOf(target: TargetDescription): readonly string[] {
  const { kind, key, vmid, guestType, name, node, status, tags, pool, template, disks } = target;
  if (kind !== 'guest' || vmid === undefined || guestType === undefined) return [`Target: ${showUntrusted(key, NAME_LENGTH)}`];
  const exists = disks !== undefined;
  const parts = [
    `${guestLabel(guestType, vmid)}${name === undefined ? '' : ` ${quote(name, NAME_LENGTH)}`}${exists ? '' : ' (new, or not readable)'}`,
    ...(node === undefined ? [] : [`on ${node}`]),
    ...(status === undefined || !exists ? [] : [status]),
    ...(template === true ? ['a template'] : []),
    `tags ${tags === undefined ? 'unknown' : tags.length === 0 ? 'none' : tags.map((tag) => showUntrusted(tag, NAME_LENGTH)).join(' ')}`,
    ...(pool === undefined || pool === null ? [] : [`pool ${showUntrusted(pool)}`]),
  ];
  const shown = (disks ?? [])
    .slice(0, FACTS)
    .map(({ disk, volume, sizeBytes }) => `${disk} ${showUntrusted(volume)} ${formatBytes(sizeBytes)}`);
  return [`Guest: ${parts.join(', ')}`, ...(shown.length === 0 ? [] : [`Disks: ${shown.join(', ')}`])];
}

function commandLines({ plan, input }: AskedWrite): readonly string[] {
  if (typeof input['script'] === 'string') return [`Script, whole: ${quote(input['script'], SCRIPT_LENGTH)}`];
  return commandOf(plan);
}

function commandOf({ step }: SendPlan): readonly string[] {
  if (step.kind !== 'command') return [];
  const script = step.script === undefined ? scriptIn(step) : undefined;
  const words =
    step.script === undefined
      ? step.argv.map((word) => quote(word, SCRIPT_LENGTH)).join(' ')
      : `a script of this server, ${step.script.name}`;
  return [
    `Command, word by word: ${words}`,
    ...(script === undefined ? [] : [`Script on its standard input, whole: ${quote(script, SCRIPT_LENGTH)}`]),
    ...(step.stdin && script === undefined
      ? [`Standard input: ${step.stdin.byteLength} bytes, SHA-256 ${createHash('sha256').update(step.stdin).digest('hex')}`]
      : []),
  ];
}

/** Always in quotes, so that nothing of it can be taken for the server's own words. */
function quote(text: string, maxLength: number): string {
  const shown = showUntrusted(text, maxLength);
  return shown.startsWith('"') ? shown : `"${shown}"`;
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

function showFact(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    const shown = value.slice(0, FACTS).map((item) => quote(item, NAME_LENGTH));
    return [...shown, ...(value.length > FACTS ? [`and ${value.length - FACTS} more`] : [])].join(', ');
  }
  return quote(typeof value === 'string' ? value : showJson(value), FACT_LENGTH);
}
