/**
 * Fields that `tools/list` shows without a description: those that the server's instructions explain once for all tools, and
 * those whose name says it to everybody who knows Proxmox VE. The descriptions stay where people read them: in the reference,
 * in the OpenAPI document and in `describe_operation`.
 */
export const SELF_EXPLANATORY: ReadonlySet<string> = new Set(
  [
    // In the instructions.
    'vmid node storage snapname pool job_id selector wait_seconds dry_run reason approval_token limit after cursor format_style vm_type',
    // For callers of the predecessor.
    'payload include_stats',
    // Guests.
    'name hostname cores sockets swap tags onboot start start_after_create protection description notes password agent tpm nesting',
    'cpu machine ostype pre_enrolled_keys unprivileged compression compress destroy_unreferenced_disks drivers_iso format disk ip url source_vmid target_vmid public_keys secrets unique iso ciuser cipassword sshkeys ssh_public_keys nameserver searchdomain gw gw6 ip6 vlan_tag hwaddr firewall network_bridge bios',
    // Filters and switches.
    'status tag tool_name refresh available protected start_after overwrite stdin timeout_seconds checksum_algorithm',
  ]
    .join(' ')
    .split(' '),
);
