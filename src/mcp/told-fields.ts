/** Fields that only callers of the predecessor send. They are taken as ever, and `tools/list` does not advertise them. */
export const FOR_OLD_CALLERS: ReadonlySet<string> = new Set(['format_style', 'payload', 'include_stats']);

/** What the server finds by the vmid: where a vmid has to be given, nobody needs to say it. It is checked when somebody does. */
export const FOUND_BY_VMID: ReadonlySet<string> = new Set(['node', 'vm_type']);

/**
 * Fields that `tools/list` shows without a description: those that the server's instructions explain once for all tools, and
 * those whose name says it to everybody who knows Proxmox VE. The descriptions stay where people read them: in the reference,
 * in the OpenAPI document and in `describe_operation`.
 */
export const SELF_EXPLANATORY: ReadonlySet<string> = new Set(
  [
    // In the instructions.
    'vmid node storage snapname pool job_id selector wait_seconds dry_run reason approval_token limit after cursor vm_type',
    // Guests.
    'name hostname cores sockets swap tags onboot start start_after_create protection description notes password agent tpm nesting',
    'cpu machine ostype pre_enrolled_keys unprivileged compression compress destroy_unreferenced_disks drivers_iso format disk ip url source_vmid target_vmid public_keys secrets unique iso ciuser cipassword sshkeys ssh_public_keys nameserver searchdomain gw gw6 ip6 vlan_tag hwaddr firewall network_bridge bios',
    // Filters and switches.
    'status tag tool_name refresh available protected start_after overwrite stdin timeout_seconds checksum_algorithm',
  ]
    .join(' ')
    .split(' '),
);
