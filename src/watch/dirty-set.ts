export type Pending =
  | { readonly kind: 'dirty'; readonly dirs: readonly string[] }
  | { readonly kind: 'overflow'; readonly reasons: readonly string[] };

/** Collects dirty directories, each once, up to a limit; beyond it, or when told so, everything is dirty. Pure. */
export class DirtySet {
  readonly #limit: number;
  readonly #dirs = new Set<string>();
  readonly #reasons = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(dir: string): void {
    if (this.#reasons.size > 0) return;
    this.#dirs.add(dir);
    if (this.#dirs.size > this.#limit) this.overflow('too many directories changed at once');
  }

  /** Everything may have changed. Each reason is kept once; there are few, all from this code. */
  overflow(reason: string): void {
    this.#reasons.add(reason);
    this.#dirs.clear();
  }

  /** What has come together, and starts afresh; null when there is nothing. */
  take(): Pending | null {
    if (this.#reasons.size > 0) {
      const reasons = [...this.#reasons];
      this.#reasons.clear();
      return { kind: 'overflow', reasons };
    }
    if (this.#dirs.size === 0) return null;
    const dirs = [...this.#dirs];
    this.#dirs.clear();
    return { kind: 'dirty', dirs };
  }
}
