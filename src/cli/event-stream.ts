import type { RpcClient } from '../protocol/rpc-client.ts';
import type { EventView } from '../protocol/shapes.ts';

/** Events that may wait for a slow reader; beyond, the stream falls back to fetching them from the log. */
const MAX_WAITING = 10_000;
const PAGE = 1000;

/**
 * Hands on every event from now on, each once and in order: what notifications leave out (a gap in the numbers) is
 * fetched from the event log.
 */
export class EventStream {
  readonly #client: RpcClient;
  readonly #onEvent: (event: EventView) => Promise<void> | void;
  readonly #onError: (error: unknown) => void;
  readonly #stop: () => void;
  readonly #waiting: EventView[] = [];
  #lastSeq: number | null = null;
  #isPumping = false;

  constructor(
    client: RpcClient,
    onEvent: (event: EventView) => Promise<void> | void,
    onError: (error: unknown) => void,
  ) {
    this.#client = client;
    this.#onEvent = onEvent;
    this.#onError = onError;
    this.#stop = client.on('event', (event) => this.#take(event));
  }

  close(): void {
    this.#stop();
    this.#waiting.length = 0;
  }

  #take(event: EventView): void {
    // The newest makes room: what is left out is a gap, which the next one fills from the log.
    if (this.#waiting.length >= MAX_WAITING) this.#waiting.pop();
    this.#waiting.push(event);
    if (!this.#isPumping) void this.#pump();
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    try {
      for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
        await this.#fillGapBefore(event.seq);
        await this.#deliver(event);
      }
    } catch (error) {
      this.close();
      this.#onError(error);
    } finally {
      this.#isPumping = false;
    }
  }

  async #fillGapBefore(seq: number): Promise<void> {
    while (this.#lastSeq !== null && this.#lastSeq + 1 < seq) {
      const page = await this.#client.call('events', { afterSeq: this.#lastSeq, limit: PAGE });
      for (const event of page.items) if (event.seq < seq) await this.#deliver(event);
      if (page.next === null || page.items.length === 0) return;
    }
  }

  async #deliver(event: EventView): Promise<void> {
    if (this.#lastSeq !== null && event.seq <= this.#lastSeq) return;
    this.#lastSeq = event.seq;
    await this.#onEvent(event);
  }
}
