/**
 * Where a real Proxmox VE is known to answer otherwise than the specification says, by the title of the test.
 * Against a real one these tests are expected to fail; one that passes is reported, so that its line goes away.
 */
export const KNOWN_DIFFERENCES: Readonly<Record<string, string>> = {};
