import type { Clock } from '../../src/core/ports.ts';
import type { Life, VirtualTime } from './virtual-time.ts';

/** One machine's view of time: the world's, and a wall clock that may be wrong. */
export class MachineTime {
  readonly #world: VirtualTime;
  #skewMs = 0;

  constructor(world: VirtualTime) {
    this.#world = world;
  }

  /** What the wall clock shows, whole ms. */
  now(): number {
    return Math.floor(this.#world.trueNow() + this.#skewMs);
  }

  trueNow(): number {
    return this.#world.trueNow();
  }

  get elapsedMs(): number {
    return this.#world.elapsedMs;
  }

  /** How far the wall clock is ahead (> 0) or behind (< 0), ms. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** Somebody sets the wall clock. */
  jump(byMs: number): void {
    this.#skewMs += byMs;
  }

  schedule(delayMs: number, label: string, run: () => void | Promise<void>, life: Life | null = null): () => void {
    return this.#world.schedule(delayMs, label, run, life);
  }

  /** The engine's clock in one of its lives. */
  clock(life: Life): Clock {
    return {
      now: () => this.now(),
      monotonicMs: () => this.#world.elapsedMs,
      setTimer: (delayMs, callback) => this.#world.schedule(delayMs, 'timer', callback, life),
      defer: (callback) => {
        this.#world.schedule(0, 'defer', callback, life);
      },
    };
  }
}
