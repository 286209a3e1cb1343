import type { Endpoint } from '../api/endpoint.ts';
import { rightEndpoints } from './access-rights.ts';
import { sessionEndpoints } from './access-sessions.ts';
import { userEndpoints } from './access-users.ts';
import { backupEndpoints } from './backups.ts';
import { clusterEndpoints } from './cluster.ts';
import { clusterResourcesEndpoints } from './cluster-resources.ts';
import { downloadEndpoints } from './downloads.ts';
import { guestAgentEndpoints } from './guest-agent.ts';
import { guestCloneEndpoints } from './guest-clone.ts';
import { guestConfigEndpoints } from './guest-config.ts';
import { guestConfigWriteEndpoints } from './guest-config-write.ts';
import { guestCreateEndpoints } from './guest-create.ts';
import { guestDeleteEndpoints } from './guest-delete.ts';
import { guestDetailEndpoints } from './guest-details.ts';
import { guestDiskEndpoints } from './guest-disks.ts';
import { guestMigrateEndpoints } from './guest-migrate.ts';
import { lxcPowerEndpoints } from './guest-power-lxc.ts';
import { qemuPowerEndpoints } from './guest-power-qemu.ts';
import { guestStatusEndpoints } from './guest-status.ts';
import { highAvailabilityEndpoints } from './high-availability.ts';
import { nodeEndpoints } from './nodes.ts';
import { poolEndpoints } from './pools.ts';
import { guestSnapshotEndpoints } from './snapshots.ts';
import { statisticsEndpoints } from './statistics.ts';
import { storageEndpoints } from './storage.ts';
import { storageContentEndpoints } from './storage-content.ts';
import { taskEndpoints } from './tasks.ts';
import { versionEndpoints } from './version.ts';

/** Every endpoint that is modelled. Any other path or method answers 501. */
export const endpoints: readonly Endpoint[] = [
  ...versionEndpoints,
  ...sessionEndpoints,
  ...userEndpoints,
  ...rightEndpoints,
  ...clusterEndpoints,
  ...clusterResourcesEndpoints,
  ...highAvailabilityEndpoints,
  ...poolEndpoints,
  ...taskEndpoints,
  ...nodeEndpoints,
  ...statisticsEndpoints,
  ...storageEndpoints,
  ...storageContentEndpoints,
  ...downloadEndpoints,
  ...backupEndpoints,
  ...guestStatusEndpoints,
  ...guestConfigEndpoints,
  ...guestConfigWriteEndpoints,
  ...guestCreateEndpoints,
  ...guestDeleteEndpoints,
  ...guestCloneEndpoints,
  ...guestDiskEndpoints,
  ...guestMigrateEndpoints,
  ...guestSnapshotEndpoints,
  ...guestAgentEndpoints,
  ...guestDetailEndpoints,
  ...qemuPowerEndpoints,
  ...lxcPowerEndpoints,
];
