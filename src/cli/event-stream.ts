import type { RpcClient } from '../protocol/rpc-client.ts';
import type { EventView } from '../protocol/shapes.ts';

/** Events that may wait for a slow reader before the stream falls back to fetching them from the log. */
const MAX_WAITING = 10_000;
const PAGE = 1000;

/**
 * Calls `onEvent` for every event from now on, each once and in order: what notifications leave out (a gap in the
 * numbers) is fetched from the event log. Ends with the client's connection; returns how to end it before.
 */
export function followEvents(
  client: RpcClient,
  onEvent: (event: EventView) => Promise<void> | void,
  onError: (error: unknown) => void,
): () => void {
  const waiting: EventView[] = [];
  let lastSeq: number | null = null;
  let isPumping = false;

  const deliver = async (event: EventView) => {
    if (lastSeq !== null && event.seq <= lastSeq) return;
    lastSeq = event.seq;
    await onEvent(event);
  };
  const fillGap = async (untilSeq: number) => {
    while (lastSeq !== null && lastSeq + 1 < untilSeq) {
      const page = await client.call('events', { afterSeq: lastSeq, limit: PAGE });
      for (const event of page.items) if (event.seq < untilSeq) await deliver(event);
      if (page.next === null || page.items.length === 0) return;
    }
  };
  const pump = async () => {
    isPumping = true;
    try {
      for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
        await fillGap(event.seq);
        await deliver(event);
      }
    } catch (error) {
      stop();
      onError(error);
    } finally {
      isPumping = false;
    }
  };
  const stop = client.on('event', (event) => {
    // The newest makes room: those left out are a gap, which is filled from the log.
    if (waiting.length >= MAX_WAITING) waiting.pop();
    waiting.push(event);
    if (!isPumping) void pump();
  });
  return stop;
}
