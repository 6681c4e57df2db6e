/** What a run found broken. `promise` is P1 … P13, or `bug` for what must never happen in any program. */
export interface Violation {
  readonly promise: string;
  readonly text: string;
  readonly atMs: number;
}

/** Collects violations; the same one is told once. */
export class Violations {
  readonly list: Violation[] = [];
  readonly #now: () => number;
  readonly #onAdd: (violation: Violation) => void;

  constructor(now: () => number, onAdd: (violation: Violation) => void) {
    this.#now = now;
    this.#onAdd = onAdd;
  }

  add(promise: string, text: string): void {
    if (this.list.some((known) => known.promise === promise && known.text === text)) return;
    const violation = { promise, text, atMs: this.#now() };
    this.list.push(violation);
    this.#onAdd(violation);
  }
}
