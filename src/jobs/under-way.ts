/** What this process has begun and not ended. The store is closed after it. */
export interface UnderWay {
  /** Counts work until it settles, and answers the same promise. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing is under way any more, what came to it meanwhile included. */
  idle(): Promise<void>;
}

export function createUnderWay(): UnderWay {
  const works = new Set<Promise<unknown>>();
  return {
    during(work) {
      const end = (): void => void works.delete(work);
      works.add(work);
      work.then(end, end);
      return work;
    },
    async idle() {
      while (works.size > 0) await Promise.allSettled(works);
    },
  };
}
