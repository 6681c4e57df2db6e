import type { Clock } from '../core/ports.ts';

/** How often the disk is looked at, ms. */
const PERIOD_MS = 10_000;
/** What was seen this recently is good enough before something starts, ms. */
const FRESH_MS = 1000;

export interface DiskWatchDeps {
  readonly clock: Clock;
  /** Bytes that may still be written where the database lies. */
  freeBytes(): Promise<number>;
  onLook(freeBytes: number): void;
  onTrouble(error: unknown): void;
}

/** Knows how much room the database has. */
export class DiskWatch {
  readonly #deps: DiskWatchDeps;
  #looking = false;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #troubled = false;
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor(deps: DiskWatchDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#arm();
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Something is about to start: a stale look is made again beside it. */
  lookIfStale(): void {
    if (this.#deps.clock.monotonicMs() - this.#lookedAtMs >= FRESH_MS) void this.#look();
  }

  #arm(): void {
    this.#cancel = this.#deps.clock.setTimer(PERIOD_MS, () => {
      this.#arm();
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    if (this.#looking || this.#stopped) return;
    this.#looking = true;
    this.#lookedAtMs = this.#deps.clock.monotonicMs();
    try {
      const bytes = await this.#deps.freeBytes();
      this.#troubled = false;
      if (!this.#stopped) this.#deps.onLook(bytes);
    } catch (error) {
      // Not knowing shuts no gate; a disk that is full indeed says so when it is written. Told once.
      if (!this.#troubled) this.#deps.onTrouble(error);
      this.#troubled = true;
    } finally {
      this.#looking = false;
    }
  }
}
