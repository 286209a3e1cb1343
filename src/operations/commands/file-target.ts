/** The key under which a file in a guest is held against a second write. */
export function fileTarget(vmid: number, path: string): string {
  return `file/${vmid}:${path}`;
}
