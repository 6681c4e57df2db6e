import type { Clock } from '../core/ports.ts';

/** Speed is what moved over this time, ms: long enough to be calm, short enough to be true. */
const WINDOW_MS = 5000;
/** Resolution of the window, ms. */
const SLOT_MS = 250;

/** Bytes per second over the last few seconds. Bounded memory: one small slot per quarter second. */
export class SpeedMeter {
  readonly #clock: Clock;
  #slots: { readonly slot: number; bytes: number }[] = [];
  #startedAt: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(bytes: number): void {
    const slot = Math.floor(this.#clock.monotonicMs() / SLOT_MS);
    this.#trim(slot);
    // After a rest longer than the window a new stream begins.
    if (this.#slots.length === 0) this.#startedAt = slot * SLOT_MS;
    const last = this.#slots.at(-1);
    if (last?.slot === slot) last.bytes += bytes;
    else this.#slots.push({ slot, bytes });
  }

  bytesPerSecond(): number {
    const now = this.#clock.monotonicMs();
    this.#trim(Math.floor(now / SLOT_MS));
    if (this.#slots.length === 0 || this.#startedAt === null) {
      this.#startedAt = null;
      return 0;
    }
    const elapsedMs = Math.max(SLOT_MS, Math.min(WINDOW_MS, now - this.#startedAt));
    const bytes = this.#slots.reduce((sum, entry) => sum + entry.bytes, 0);
    return Math.max(0, (bytes * 1000) / elapsedMs);
  }

  #trim(slot: number): void {
    const oldest = slot - WINDOW_MS / SLOT_MS;
    while ((this.#slots[0]?.slot ?? slot) < oldest) this.#slots.shift();
  }
}
