const waiting: (() => void)[] = [];

/**
 * Waits for a turn at long work, which is done in pieces of a few milliseconds. There is one turn per round of the event loop,
 * however many lists are read at once: pieces that came one after the other would be one long piece for everybody else.
 * @param place `last` to begin with a list; `next` to go on with it, so that one is done with, and its raw rows gone, before
 * another begins
 */
export function takeTurn(place: 'last' | 'next'): Promise<void> {
  return new Promise((resolve) => {
    if (place === 'last') waiting.push(resolve);
    else waiting.unshift(resolve);
    if (waiting.length === 1) setImmediate(giveTurn);
  });
}

function giveTurn(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(giveTurn);
}
