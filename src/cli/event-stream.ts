import type { Result } from '../protocol/contract.ts';
import { RpcDisconnected } from '../protocol/rpc-errors.ts';
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
  #pumping: Promise<void> | null = null;

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

  /** Takes no more, and resolves when what came in before is handed on. */
  async close(): Promise<void> {
    this.#stop();
    await this.#pumping;
  }

  #take(event: EventView): void {
    // The newest makes room: what is left out is a gap, which the next one fills from the log.
    if (this.#waiting.length >= MAX_WAITING) this.#waiting.pop();
    this.#waiting.push(event);
    this.#pumping ??= this.#pump();
  }

  async #pump(): Promise<void> {
    try {
      for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
        await this.#fillGapBefore(event.seq);
        await this.#deliver(event);
      }
    } catch (error) {
      this.#stop();
      this.#waiting.length = 0;
      this.#onError(error);
    } finally {
      this.#pumping = null;
    }
  }

  async #fillGapBefore(seq: number): Promise<void> {
    while (this.#lastSeq !== null && this.#lastSeq + 1 < seq) {
      const page = await this.#fetchAfter(this.#lastSeq);
      // The engine has gone: what it told before is handed on all the same.
      if (page === null) return;
      for (const event of page.items) if (event.seq < seq) await this.#deliver(event);
      if (page.next === null || page.items.length === 0) return;
    }
  }

  async #deliver(event: EventView): Promise<void> {
    if (this.#lastSeq !== null && event.seq <= this.#lastSeq) return;
    this.#lastSeq = event.seq;
    await this.#onEvent(event);
  }

  async #fetchAfter(afterSeq: number): Promise<Result<'events'> | null> {
    try {
      return await this.#client.call('events', { afterSeq, limit: PAGE });
    } catch (error) {
      if (error instanceof RpcDisconnected) return null;
      throw error;
    }
  }
}
