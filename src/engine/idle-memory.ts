import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../core/ports.ts';

/** How often it is looked whether there is anything to do, ms. */
const LOOK_MS = 5000;
/** Idle in so many looks in a row: then memory is given back. */
const IDLE_LOOKS = 4;

/** What memory is taken from and given back to. */
export interface Memory {
  /** Work is under way: time counts more than memory. */
  favourSpeed(): void;
  /** Nothing is under way: gives back what the work before has left. Takes tens of milliseconds. */
  giveBack(): void;
}

/**
 * Gives memory back when the work is done. V8 keeps what a burst needed until it next collects, and an idle engine allocates
 * nothing that would make it collect: after 10,000 uploads it held 390 MB for good, and so 190.
 */
export class IdleMemory {
  readonly #clock: Clock;
  readonly #memory: Memory;
  readonly #isIdle: () => boolean;
  /** Null: given back, and nothing has happened since. */
  #idleLooks: number | null = 0;
  #cancelTimer: (() => void) | null = null;

  constructor(clock: Clock, memory: Memory, isIdle: () => boolean) {
    this.#clock = clock;
    this.#memory = memory;
    this.#isIdle = isIdle;
  }

  start(): void {
    this.#cancelTimer = this.#clock.setTimer(LOOK_MS, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#cancelTimer?.();
  }

  #look(): void {
    if (!this.#isIdle()) {
      if (this.#idleLooks === null) this.#memory.favourSpeed();
      this.#idleLooks = 0;
    } else if (this.#idleLooks !== null) {
      this.#idleLooks += 1;
      if (this.#idleLooks < IDLE_LOOKS) return;
      this.#idleLooks = null;
      this.#memory.giveBack();
    }
  }
}

/** V8's heap. It reads this flag at each decision about its memory, so that it can be changed in a running process. */
export const heapMemory: Memory = {
  favourSpeed: () => {
    setFlagsFromString('--no-optimize-for-size');
  },
  giveBack: () => {
    setFlagsFromString('--optimize-for-size');
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
  },
};
