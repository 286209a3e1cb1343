/**
 * Grammars of the names that appear in paths of the Proxmox API. A value that does not match never reaches a URL.
 * @see pve-common PVE/JSONSchema.pm (formats pve-node, pve-vmid, pve-configid, pve-storage-id, pve-volume-id, pve-poolid)
 */
export const GRAMMAR = {
  node: /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/,
  vmid: /^[1-9][0-9]{2,8}$/,
  snapname: /^[a-zA-Z][a-zA-Z0-9_-]{1,39}$/,
  storage: /^[a-zA-Z][a-zA-Z0-9\-_.]{0,98}[a-zA-Z0-9]$/,
  volid: /^[a-zA-Z][a-zA-Z0-9\-_.]*[a-zA-Z0-9]:(?!\/)(?!.*\/\/)(?!.*[:/]\.{1,2}(?:\/|$))[^?#%\\\u0000-\u001f\u007f]{1,255}$/,
  pool: /^[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+){0,2}$/,
  disk: /^(?:(?:scsi|virtio|sata|ide|mp|unused)[0-9]{1,3}|rootfs|efidisk0|tpmstate0)$/,
  digits: /^[0-9]{1,9}$/,
} as const;
