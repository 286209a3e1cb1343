/**
 * Work that many ask for at once and that runs once at a time: every call is answered by a run that begins after it, and calls
 * that come while one is under way share the next.
 */
export function shareRuns<T>(work: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;

  async function follow(before: Promise<unknown>): Promise<T> {
    await before.catch(() => undefined);
    if (next) underWay = next;
    next = undefined;
    return work();
  }

  return () => (next ??= follow(underWay));
}
