import type { Clock } from '../core/ports.ts';

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Checkpoints of many attempts that are written together: a commit waits for the disk, for milliseconds and with the engine's
 * thread, and so one does for all that were asked for in one turn of the loop (group commit).
 */
export class SharedCommits {
  readonly #clock: Pick<Clock, 'defer'>;
  readonly #transaction: <T>(work: () => T) => T;
  #waiting: Waiting[] = [];

  constructor(clock: Pick<Clock, 'defer'>, transaction: <T>(work: () => T) => T) {
    this.#clock = clock;
    this.#transaction = transaction;
  }

  /** Resolves when what `work` wrote is on the disk. `work` may run again after it was rolled back. */
  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (result: unknown) => void, reject });
      if (this.#waiting.length > 1) return;
      this.#clock.defer(() => {
        this.#commit(this.#waiting.splice(0));
      });
    });
  }

  #commit(all: readonly Waiting[]): void {
    let results: unknown[];
    try {
      results = this.#transaction(() => all.map(({ work }) => work()));
    } catch (error) {
      // Whose fault it is shows when each is on its own.
      if (all.length === 1) all[0]?.reject(error);
      else for (const each of all) this.#commit([each]);
      return;
    }
    for (const [index, { resolve }] of all.entries()) resolve(results[index]);
  }
}
