import type { Params } from '../domain/mutation.ts';

/**
 * Encodes parameters as Proxmox decodes forms: booleans as 0/1, arrays as repeated keys, and every `;`, `=` and `+` in a
 * value escaped, because Proxmox splits at `;` too and keeps only what stands before a second `=`.
 * @see pve-http-server PVE/APIServer/AnyEvent.pm, decode_urlencoded
 */
export function encodeParams(params: Params): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      form.append(name, typeof item === 'boolean' ? (item ? '1' : '0') : String(item));
    }
  }
  return form.toString();
}
