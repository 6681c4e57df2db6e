/** How often each thing happened, by name: shows what the runs reach, and what they never do. */
export class Coverage {
  readonly counts = new Map<string, number>();

  hit(name: string, times = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + times);
  }

  add(other: Iterable<readonly [string, number]>): void {
    for (const [name, times] of other) this.hit(name, times);
  }

  /** The sum over all names that begin with `prefix`. */
  sum(prefix: string): number {
    let sum = 0;
    for (const [name, times] of this.counts) if (name.startsWith(prefix)) sum += times;
    return sum;
  }
}
