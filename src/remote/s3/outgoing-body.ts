import type { OnBytes, Throttle } from '../../core/ports.ts';

/** What the throttle is asked for at a time: a quarter of a second at 64 KiB/s. */
export const GRANT_BYTES = 16 * 1024;
/** Slices grow and shrink between these with the line: progress stays smooth, and a fast line costs little. */
const MIN_SLICE_BYTES = 16 * 1024;
const FIRST_SLICE_BYTES = 64 * 1024;
const MAX_SLICE_BYTES = 512 * 1024;
const QUICK_MS = 5;
const SLOW_MS = 250;

export interface BodyEvents {
  /** The system took `bytes` more. */
  readonly onSent: OnBytes;
  /** The system took the whole body. */
  onEnd(): void;
  /** The throttle holds the next bytes back: standing still is right now no fault of the line. */
  onHeld(held: boolean): void;
}

/**
 * Asks for as much of `bytes` as may go at once. Null: all of it. Else how much, and when `GRANT_BYTES` more (or what is
 * left) may follow.
 */
export function takeNow(
  throttle: Throttle,
  bytes: number,
  signal: AbortSignal,
): { readonly granted: number; readonly next: Promise<void> } | null {
  for (let granted = 0; granted < bytes;) {
    const want = Math.min(GRANT_BYTES, bytes - granted);
    const next = throttle.take(want, signal);
    if (next !== null) return { granted, next };
    granted += want;
  }
  return null;
}

/**
 * A body in slices of the caller's own memory, each asked for when the connection has taken the one before: so progress,
 * back-pressure and the throttle need no copy. Goes once.
 */
export class OutgoingBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #body: Uint8Array;
  readonly #throttle: Throttle;
  readonly #events: BodyEvents;
  readonly #signal: AbortSignal;
  readonly #nowMs: () => number;
  #offset = 0;
  #sliceBytes = FIRST_SLICE_BYTES;
  #handedOver = 0;
  #handedOverAtMs = 0;
  /** Bytes of the next slice that are granted already, and the grant that is waited for after them. */
  #granted: number;
  #next: Promise<void> | null;

  constructor(
    body: Uint8Array,
    throttle: Throttle,
    first: { readonly granted: number; readonly next: Promise<void> | null },
    events: BodyEvents,
    signal: AbortSignal,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#nowMs = nowMs;
    this.#body = body;
    this.#throttle = throttle;
    this.#granted = first.granted;
    this.#next = first.next;
    this.#events = events;
    this.#signal = signal;
    // An abort before it is waited for ends the request in other ways.
    this.#next?.catch(() => {});
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    this.#account();
    const left = this.#body.length - this.#offset;
    if (left === 0) {
      this.#events.onEnd();
      return { done: true, value: undefined };
    }
    if (this.#granted === 0) await this.#moreGranted(Math.min(left, this.#sliceBytes));
    const slice = this.#body.subarray(this.#offset, this.#offset + Math.min(left, this.#granted));
    this.#granted -= slice.length;
    this.#offset += slice.length;
    this.#handedOver = slice.length;
    this.#handedOverAtMs = this.#nowMs();
    return { done: false, value: slice };
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    return Promise.resolve({ done: true, value: undefined });
  }

  async #moreGranted(wantedBytes: number): Promise<void> {
    if (this.#next === null) {
      const part = takeNow(this.#throttle, wantedBytes, this.#signal);
      if (part === null) {
        this.#granted = wantedBytes;
        return;
      }
      this.#granted = part.granted;
      this.#next = part.next;
      this.#next.catch(() => {});
      if (part.granted > 0) return;
    }
    this.#events.onHeld(true);
    await this.#next;
    this.#events.onHeld(false);
    this.#next = null;
    this.#granted = Math.min(GRANT_BYTES, this.#body.length - this.#offset);
  }

  /** The connection asks for more, so it has taken what it was given. */
  #account(): void {
    if (this.#handedOver === 0) return;
    const tookMs = this.#nowMs() - this.#handedOverAtMs;
    if (tookMs < QUICK_MS) this.#sliceBytes = Math.min(this.#sliceBytes * 2, MAX_SLICE_BYTES);
    else if (tookMs > SLOW_MS) this.#sliceBytes = Math.max(this.#sliceBytes / 2, MIN_SLICE_BYTES);
    this.#events.onSent(this.#handedOver);
    this.#handedOver = 0;
  }
}
