/** Who asks for a permit, so that none takes them all. */
export interface PermitClaim {
  /** What shares evenly with its like: a folder, or a destination. */
  readonly group: string;
  /** Within the group: an operation. */
  readonly owner: string;
  /** A part of a large file: such never take all permits, so that small files get through. */
  readonly bulk: boolean;
}

const NOBODY: PermitClaim = { group: '', owner: '', bulk: false };

/** Permits that parts of large files leave to others: a quarter. Below this many there is nothing to divide. */
const FEWEST_TO_DIVIDE = 4;
const LEFT_TO_SMALL = 0.25;

interface Waiter {
  readonly claim: PermitClaim;
  readonly grant: () => void;
}

/**
 * A budget of concurrent transfers, whose size may change while they run. A free permit goes to the group that holds the
 * fewest, within it to the owner that holds the fewest, then to whoever came first (max-min fairness). An abort leaves the
 * queue.
 */
export class Permits {
  readonly #held = new Map<string, number>();
  readonly #waiting: Waiter[] = [];
  #limit: number;
  #mostBulk: number;
  #inUse = 0;
  #bulkInUse = 0;

  /** `limit` ≥ 1; `mostBulk` bounds parts of large files beyond the share that they are left. */
  constructor(limit: number, mostBulk = Number.MAX_SAFE_INTEGER) {
    this.#limit = limit;
    this.#mostBulk = mostBulk;
  }

  get limit(): number {
    return this.#limit;
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** Parts of large files that may be under way. */
  get bulkLimit(): number {
    const share = this.#limit < FEWEST_TO_DIVIDE ? this.#limit : this.#limit - Math.floor(this.#limit * LEFT_TO_SMALL);
    return Math.max(1, Math.min(share, this.#mostBulk));
  }

  /** More permits go out at once; fewer hold as transfers end. */
  setLimit(limit: number, mostBulk = this.#mostBulk): void {
    this.#limit = limit;
    this.#mostBulk = mostBulk;
    this.#serve();
  }

  /** Whether this owner waits for a permit. */
  isWaiting(owner: string): boolean {
    return this.#waiting.some((waiter) => waiter.claim.owner === owner);
  }

  /** Resolves with a function that gives the permit back (once); rejects with the signal's reason. */
  acquire(signal: AbortSignal, claim: PermitClaim = NOBODY): Promise<() => void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.#waiting.length === 0 && this.#mayHave(claim)) {
      this.#count(claim, 1);
      return Promise.resolve(this.#releaser(claim));
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        claim,
        grant: () => {
          signal.removeEventListener('abort', onAbort);
          resolve(this.#releaser(claim));
        },
      };
      const onAbort = () => {
        const index = this.#waiting.indexOf(waiter);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
      this.#serve();
    });
  }

  #mayHave(claim: PermitClaim): boolean {
    return this.#inUse < this.#limit && (!claim.bulk || this.#bulkInUse < this.bulkLimit);
  }

  #serve(): void {
    while (this.#inUse < this.#limit) {
      const next = this.#nextWaiter();
      if (next === null) return;
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#count(next.claim, 1);
      next.grant();
    }
  }

  #nextWaiter(): Waiter | null {
    let best: Waiter | null = null;
    let bestGroup = 0;
    let bestOwner = 0;
    for (const waiter of this.#waiting) {
      if (!this.#mayHave(waiter.claim)) continue;
      const group = this.#held.get(waiter.claim.group) ?? 0;
      if (best !== null && group > bestGroup) continue;
      const owner = this.#held.get(ownerKey(waiter.claim)) ?? 0;
      if (best !== null && group === bestGroup && owner >= bestOwner) continue;
      best = waiter;
      bestGroup = group;
      bestOwner = owner;
    }
    return best;
  }

  #count(claim: PermitClaim, by: 1 | -1): void {
    this.#inUse += by;
    if (claim.bulk) this.#bulkInUse += by;
    for (const key of [claim.group, ownerKey(claim)]) {
      const held = (this.#held.get(key) ?? 0) + by;
      if (held === 0) this.#held.delete(key);
      else this.#held.set(key, held);
    }
  }

  #releaser(claim: PermitClaim): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#count(claim, -1);
      this.#serve();
    };
  }
}

/** Apart from any group's name, which has no line break. */
function ownerKey(claim: PermitClaim): string {
  return `${claim.group}\n${claim.owner}`;
}
