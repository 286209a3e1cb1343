/**
 * Privileges that are all needed on one ACL path. Where the releases differ, both lists are given: Proxmox VE 9 has no
 * VM.Monitor and has VM.GuestAgent.* instead.
 */
export type Privileges = readonly string[] | { readonly pve8: readonly string[]; readonly pve9: readonly string[] };

/** ACL path template -> privileges needed there. `{field}` names a field of the operation's input. */
export type Permissions = Readonly<Record<string, Privileges>>;
