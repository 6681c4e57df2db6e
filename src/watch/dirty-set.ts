export type Pending =
  { readonly kind: 'dirty'; readonly dirs: readonly string[] } | { readonly kind: 'overflow'; readonly reason: string };

/** Collects dirty directories, each once, up to a limit; beyond it, or when told so, everything is dirty. Pure. */
export class DirtySet {
  readonly #limit: number;
  readonly #dirs = new Set<string>();
  #overflow: string | null = null;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get empty(): boolean {
    return this.#overflow === null && this.#dirs.size === 0;
  }

  add(dir: string): void {
    if (this.#overflow !== null) return;
    this.#dirs.add(dir);
    if (this.#dirs.size > this.#limit) this.overflow('too many directories changed at once');
  }

  /** Everything may have changed; the first reason since the last `take` is kept. */
  overflow(reason: string): void {
    this.#overflow ??= reason;
    this.#dirs.clear();
  }

  /** What has come together, and starts afresh; null when there is nothing. */
  take(): Pending | null {
    const reason = this.#overflow;
    this.#overflow = null;
    if (reason !== null) return { kind: 'overflow', reason };
    if (this.#dirs.size === 0) return null;
    const dirs = [...this.#dirs];
    this.#dirs.clear();
    return { kind: 'dirty', dirs };
  }
}
