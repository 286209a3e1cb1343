import { z } from 'zod';

/** Proxmox gives cores a maximum of 8192; memory, swap and disks have none, so theirs only keep typing errors out. */
export const cores = z.int().min(1).max(8192).describe('CPU cores.');
export const memory = z.int().min(16).max(67_108_864).describe('MiB.');
export const swap = z.int().min(0).max(67_108_864).describe('Swap, MiB.');
/** GiB, whole. */
export const diskGib = z.int().min(1).max(1_048_576);
