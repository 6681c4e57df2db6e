import type { Clock, EpochMs, Random } from '../../src/core/ports.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** 2026-03-01T12:00:00Z: tests that name no time begin there. */
export const NOON: EpochMs = Date.UTC(2026, 2, 1, 12);

/** A clock that moves only when a test moves it. Timers fire in order while it moves. */
export class ManualClock implements Clock {
  #now: EpochMs;
  #monotonicMs = 0;
  readonly #timers = new Set<Timer>();
  readonly #deferred: (() => void)[] = [];

  constructor(now: EpochMs = NOON) {
    this.#now = now;
  }

  now(): EpochMs {
    return this.#now;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#monotonicMs + delayMs, callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** Timers that are armed: what a test of leaks counts. */
  get armed(): number {
    return this.#timers.size;
  }

  /** Moves both clocks and fires what falls due, each at its own time. */
  advance(byMs: number): void {
    const until = this.#monotonicMs + byMs;
    for (;;) {
      const next = [...this.#timers].filter((timer) => timer.at <= until).toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#moveTo(Math.max(next.at, this.#monotonicMs));
      next.callback();
    }
    this.#moveTo(until);
  }

  /** Runs what was deferred. */
  runDeferred(): void {
    for (const callback of this.#deferred.splice(0)) callback();
  }

  /** Somebody sets the wall clock; the other one does not move. */
  jump(byMs: number): void {
    this.#now += byMs;
  }

  #moveTo(monotonicMs: number): void {
    this.#now += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}

/** Randomness that is the same in every run: a linear congruential generator (Numerical Recipes' constants). */
export class CountedRandom implements Random {
  #state: number;

  constructor(seed = 1) {
    this.#state = seed >>> 0;
  }

  fraction(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => Math.floor(this.fraction() * 256));
  }
}

/** Always the same fraction: for tests that compute delays. */
export function constantRandom(fraction: number): Random {
  const bytes = new CountedRandom();
  return { fraction: () => fraction, bytes: (count) => bytes.bytes(count) };
}
