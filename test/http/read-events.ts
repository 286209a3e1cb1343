/** One event as a browser would see it. */
export interface ReceivedEvent {
  readonly event: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Reads server-sent events until enough have come or the stream has ended; then hangs up. */
export async function readEvents(
  response: Response,
  enough: (events: readonly ReceivedEvent[]) => boolean,
): Promise<readonly ReceivedEvent[]> {
  const events: ReceivedEvent[] = [];
  let text = '';
  let id = '';
  if (response.body === null) return events;
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      id = fields['id'] ?? id;
      if (fields['data'] !== undefined)
        events.push({ event: fields['event'] ?? 'message', id, data: JSON.parse(fields['data']) as Record<string, unknown> });
    }
    if (enough(events)) break;
  }
  return events;
}
