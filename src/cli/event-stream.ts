import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Result } from '../protocol/contract.ts';
import { RpcDisconnected } from '../protocol/rpc-errors.ts';
import type { RpcClient } from '../protocol/rpc-client.ts';
import type { EventView } from '../protocol/shapes.ts';

/** Events that may wait for a slow reader; beyond, the stream falls back to fetching them from the log. */
const MAX_WAITING = 10_000;
const PAGE = 1000;
/** So many are handed on at once, at most. */
const GROUP = 1000;

/**
 * Hands on every event from now on, each once and in order, those that came together in one group: what notifications leave out (a gap in the numbers) is
 * fetched from the event log.
 */
export class EventStream {
  readonly #client: RpcClient;
  readonly #onEvents: (events: readonly EventView[]) => Promise<void> | void;
  readonly #onError: (error: unknown) => void;
  readonly #stop: () => void;
  #waiting: EventView[] = [];
  #group: EventView[] = [];
  #lastSeq: number | null = null;
  #pumping: Promise<void> | null = null;

  constructor(
    client: RpcClient,
    onEvents: (events: readonly EventView[]) => Promise<void> | void,
    onError: (error: unknown) => void,
  ) {
    this.#client = client;
    this.#onEvents = onEvents;
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
    // The engine tells of many in one breath: they all are here at the next turn of the loop.
    this.#pumping ??= nextTurn().then(() => this.#pump());
  }

  async #pump(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const event of waiting) {
          if (this.#lastSeq !== null && this.#lastSeq + 1 < event.seq) await this.#fillGapBefore(event.seq);
          if (this.#fills(event)) await this.#deliver();
        }
        await this.#deliver();
      }
    } catch (error) {
      this.#stop();
      this.#waiting = [];
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
      for (const event of page.items) if (event.seq < seq && this.#fills(event)) await this.#deliver();
      if (page.next === null || page.items.length === 0) return;
    }
  }

  /** Adds it to the group, unless it was there before; true when the group has to go. */
  #fills(event: EventView): boolean {
    if (this.#lastSeq === null || event.seq > this.#lastSeq) {
      this.#lastSeq = event.seq;
      this.#group.push(event);
    }
    return this.#group.length >= GROUP;
  }

  async #deliver(): Promise<void> {
    const group = this.#group;
    if (group.length === 0) return;
    this.#group = [];
    await this.#onEvents(group);
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
