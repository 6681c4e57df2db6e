/** The same trouble is told again after this, then after twice as long, and so on, ms. */
const FIRST_DISTANCE_MS = 60_000;
const LONGEST_DISTANCE_MS = 60 * 60_000;
/** Different troubles that are remembered; beyond, the one told longest ago is forgotten. */
const REMEMBERED = 200;

interface Told {
  readonly at: number;
  readonly distanceMs: number;
  /** Not told since. */
  readonly kept: number;
}

/**
 * Lets a trouble into the log when it is new, and again at growing distances while it lasts: what happens five times a second
 * for a night is one line now and then. What has been away for as long as its distance counts as new.
 */
export class SparseLog {
  readonly #write: (message: string) => void;
  readonly #nowMs: () => number;
  readonly #told = new Map<string, Told>();

  /** `nowMs` never jumps backwards. */
  constructor(write: (message: string) => void, nowMs: () => number) {
    this.#write = write;
    this.#nowMs = nowMs;
  }

  tell(message: string): void {
    const now = this.#nowMs();
    const before = this.#told.get(message);
    const since = before === undefined ? Number.POSITIVE_INFINITY : now - before.at;
    if (before !== undefined && since < before.distanceMs) {
      this.#told.set(message, { ...before, kept: before.kept + 1 });
      return;
    }
    const lasts = before !== undefined && before.kept > 0;
    const distanceMs = lasts ? Math.min(LONGEST_DISTANCE_MS, before.distanceMs * 2) : FIRST_DISTANCE_MS;
    // Last in the order of the map: the first is the one told longest ago.
    this.#told.delete(message);
    this.#told.set(message, { at: now, distanceMs, kept: 0 });
    const [oldest] = this.#told.keys();
    if (this.#told.size > REMEMBERED && oldest !== undefined) this.#told.delete(oldest);
    this.#write(lasts ? `${message} (it lasts: ${before.kept + 1} times since it was told last)` : message);
  }
}
