import type { NewOperation } from './new-operation.ts';

/** A new operation, and what its first event tells. */
export interface Insertion {
  readonly made: NewOperation;
  readonly details: Readonly<Record<string, unknown>>;
}

/** One statement takes so many rows. */
const MOST = 64;

/** New operations of a transaction that are written together, because one by one they cost twice as much. */
export class SoonInserted {
  readonly #write: (all: readonly Insertion[]) => void;
  readonly #ids = new Set<string>();
  readonly #keys = new Set<string>();
  #waiting: Insertion[] = [];
  /** Transactions under way, one within the other. */
  #depth = 0;

  constructor(write: (all: readonly Insertion[]) => void) {
    this.#write = write;
  }

  add(insertion: Insertion): void {
    this.#waiting.push(insertion);
    this.#ids.add(insertion.made.id);
    for (const key of insertion.made.resourceKeys) this.#keys.add(key);
    if (this.#waiting.length >= MOST || this.#depth === 0) this.flush();
  }

  /** What is added in `work` is written at its end, or forgotten when it throws. */
  during<T>(work: () => T): T {
    this.#depth += 1;
    try {
      const result = work();
      this.flush();
      return result;
    } catch (error) {
      this.#forget();
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    const all = this.#waiting;
    this.#forget();
    this.#write(all);
  }

  flushIfId(id: string): void {
    if (this.#ids.has(id)) this.flush();
  }

  flushIfKey(resourceKey: string): void {
    if (this.#keys.has(resourceKey)) this.flush();
  }

  #forget(): void {
    this.#waiting = [];
    this.#ids.clear();
    this.#keys.clear();
  }
}
