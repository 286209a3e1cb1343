/**
 * The pattern as it was meant, if it was escaped twice (`rm\\s+` where `rm\s+` was meant), else the pattern itself. The
 * predecessor's own default deny patterns were escaped twice and matched nothing, and people copied them.
 */
export function mendDoubleEscapes(pattern: string): string {
  return /\\\\[sdwbSDWB({|&)}]/.test(pattern) ? pattern.replaceAll('\\\\', '\\') : pattern;
}
