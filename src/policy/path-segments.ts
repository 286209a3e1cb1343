/** The names along a path from the root on, with `.` and `..` resolved. Links are not seen: the path is in a guest. */
export function pathSegments(path: string, separator: string | RegExp = '/'): readonly string[] {
  const segments: string[] = [];
  for (const segment of path.split(separator)) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments;
}
