import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { send, sendThenContinue } from '../../domain/plan.ts';
import { readContainerConfig } from '../../proxmox/container-config.ts';
import { defineTask } from '../define.ts';
import { guestDisks } from '../guest-disks.ts';
import { assertUnlocked } from '../guest-lock.ts';
import { identityOf } from '../guest-identity.ts';
import { selector } from '../inputs.ts';
import { lastBackup } from '../last-backup.ts';
import { assertNoLinkedClones } from '../linked-clones.ts';
import { containerOf, eachContainer } from './each-container.ts';
import { formatStyle } from './format-style.ts';

export const deleteContainer = defineTask({
  name: 'delete_container',
  title: 'Delete container',
  description: 'Delete LXC containers with all their disks for good; running ones need force. Backups stay.',
  input: z.object({
    selector,
    force: z.boolean().default(false).describe('Stop it first if it runs.'),
    purge: z.boolean().default(false).describe('Also from backup jobs and HA.'),
    destroy_unreferenced_disks: z.boolean().default(false).describe('Also disks that its config does not name.'),
    format_style: formatStyle,
  }),
  risk: 'destroy',
  takesToken: true,
  repeat: 'destructive',
  loses: 'The container with all its disks and snapshots.',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.Allocate', 'VM.PowerMgmt'] },
  summary: (input) => `Delete container ${input.selector}`,
  each: eachContainer,
  async run({ input, pve, planned }) {
    const container = await containerOf(pve, input.selector);
    const { vmid, node, facts } = container;
    const label = `Container ${vmid}`;
    const raw = await pve.guestConfig({ type: 'lxc', node, vmid });
    const config = readContainerConfig(raw);
    const identity = identityOf('lxc', raw).lasting;
    if (planned !== null && planned['identity'] !== identity) {
      throw new OperationError('conflict', `${label} is another container than when this was asked for.`, {
        hint: 'Look at it (get_containers), then ask again if it is to go.',
        details: { vmid, node },
      });
    }
    if (config.protection) {
      throw new OperationError('conflict', `${label} is protected against deletion.`, {
        hint: 'A person has to take the protection off in Proxmox VE.',
        details: { vmid, protection: true },
      });
    }
    assertUnlocked(facts);
    if (facts.haManaged && !input.purge) {
      throw new OperationError('conflict', `${label} is managed by HA, so Proxmox VE does not destroy it.`, {
        hint: 'Repeat with purge=true to remove it from HA too.',
        details: { vmid },
      });
    }
    if (container.status === 'running' && !input.force) {
      throw new OperationError('conflict', `${label} is running.`, {
        hint: 'Stop it first with stop_container, or repeat with force=true.',
        details: { vmid },
      });
    }
    const owned = guestDisks('lxc', raw);
    if (config.template) await assertNoLinkedClones(pve, facts, owned);
    const result = {
      container: facts.name,
      node,
      was_running: container.status === 'running',
      identity,
      destroys_disks: owned.map(({ disk, volume, sizeBytes }) => ({ disk, volume, size_bytes: sizeBytes })),
    };
    if (container.status === 'running') {
      return sendThenContinue({ ...container.stop(), repeat: 'convergent' }, { ...result, ...(await backupFacts()) });
    }
    const destroy = container.destroy({ purge: input.purge || undefined, destroyUnreferencedDisks: input.destroy_unreferenced_disks });
    return send(destroy, planned === null ? { ...result, ...(await backupFacts()) } : {});

    // For whoever decides; a job that is already accepted does not need to look again.
    async function backupFacts(): Promise<Readonly<Record<string, unknown>>> {
      return planned === null ? { last_backup: await lastBackup(pve, vmid) } : {};
    }
  },
  async verify({ input, pve }) {
    const vmid = Number(input.selector.slice(input.selector.indexOf(':') + 1));
    const guest = (await pve.guests()).find((candidate) => candidate.vmid === vmid);
    if (guest) return guest.status === 'unknown' || guest.lock === 'destroyed' ? 'unclear' : 'absent';
    // A list leaves out what the token may not see; whether the id is free it does tell.
    return (await pve.isVmidFree(vmid)) ? 'achieved' : 'unclear';
  },
});
