import type { GuestConfig } from '../../proxmox/guest-config.ts';

/** Options that belong to the state of a guest and not to how it is set up. */
const STATE = new Set([
  'digest',
  'lock',
  'parent',
  'snaptime',
  'snapstate',
  'snapshots',
  'vmstate',
  'runningmachine',
  'runningcpu',
  'running-nets-host-mtu',
  'meta',
  'vmgenid',
  'description',
]);

/** Names of the options whose values differ between two configurations, sorted. */
export function changedOptions(now: GuestConfig, then: GuestConfig): readonly string[] {
  const names = new Set([...Object.keys(now.options), ...Object.keys(then.options)]);
  return [...names].filter((name) => !STATE.has(name) && String(now.options[name] ?? '') !== String(then.options[name] ?? '')).toSorted();
}
