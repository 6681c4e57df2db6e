/** Who asks for a permit, so that none takes them all. */
export interface PermitClaim {
  /** What shares evenly with its like: a folder, or a destination. */
  readonly group: string;
  /** Within the group: an operation. */
  readonly owner: string;
  /** A part of a large file: such never take all permits, so that small files get through. */
  readonly bulk: boolean;
  /** It sends much, and bandwidth limits count it: under one, few such go side by side. Default: false. */
  readonly paced?: boolean;
}

const NOBODY: PermitClaim = { group: '', owner: '', bulk: false };

/** Permits that parts of large files leave to others: a quarter. Below this many there is nothing to divide. */
const FEWEST_TO_DIVIDE = 4;
const LEFT_TO_SMALL = 0.25;

interface Waiter {
  readonly claim: PermitClaim;
  /** Its place among all that ever waited. */
  readonly turn: number;
  readonly grant: () => void;
}

/**
 * A budget of concurrent transfers, whose size may change while they run. A free permit goes to the group that holds the
 * fewest, within it to the owner that holds the fewest, then to whoever came first (max-min fairness). An abort leaves the
 * queue.
 */
export class Permits {
  readonly #held = new Map<string, number>();
  /** By group, each in the order in which they came; no empty ones. */
  readonly #waiting = new Map<string, Waiter[]>();
  #turns = 0;
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
    for (const waiters of this.#waiting.values())
      if (waiters.some((waiter) => waiter.claim.owner === owner)) return true;
    return false;
  }

  /** Resolves with a function that gives the permit back (once); rejects with the signal's reason. */
  acquire(signal: AbortSignal, claim: PermitClaim = NOBODY): Promise<() => void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.#waiting.size === 0 && this.#mayHave(claim)) {
      this.#count(claim, 1);
      return Promise.resolve(this.#releaser(claim));
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        claim,
        turn: this.#turns++,
        grant: () => {
          signal.removeEventListener('abort', onAbort);
          resolve(this.#releaser(claim));
        },
      };
      const onAbort = () => {
        this.#leave(waiter);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const waiters = this.#waiting.get(claim.group);
      if (waiters === undefined) this.#waiting.set(claim.group, [waiter]);
      else waiters.push(waiter);
      this.#serve();
    });
  }

  #leave(waiter: Waiter): void {
    const { group } = waiter.claim;
    const waiters = this.#waiting.get(group) ?? [];
    const index = waiters.indexOf(waiter);
    if (index >= 0) waiters.splice(index, 1);
    if (waiters.length === 0) this.#waiting.delete(group);
  }

  #mayHave(claim: PermitClaim): boolean {
    return this.#inUse < this.#limit && (!claim.bulk || this.#bulkInUse < this.bulkLimit);
  }

  #serve(): void {
    while (this.#inUse < this.#limit) {
      const next = this.#nextWaiter();
      if (next === null) return;
      this.#leave(next);
      this.#count(next.claim, 1);
      next.grant();
    }
  }

  #nextWaiter(): Waiter | null {
    let best: Choice | null = null;
    for (const [group, waiters] of this.#waiting) {
      const ofGroup = this.#held.get(group) ?? 0;
      if (best !== null && ofGroup > best.ofGroup) continue;
      const choice = this.#firstOf(waiters, ofGroup);
      if (choice !== null && (best === null || comesBefore(choice, best))) best = choice;
    }
    return best?.waiter ?? null;
  }

  /** Of one group. There may be hundreds, and nobody holds less than nothing: the first such one ends the search. */
  #firstOf(waiters: readonly Waiter[], ofGroup: number): Choice | null {
    let best: Choice | null = null;
    for (const waiter of waiters) {
      if (!this.#mayHave(waiter.claim)) continue;
      const ofOwner = this.#held.get(ownerKey(waiter.claim)) ?? 0;
      if (best === null || ofOwner < best.ofOwner) best = { waiter, ofGroup, ofOwner };
      if (ofOwner === 0) break;
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

/** A waiter, and what its group and its owner hold. */
interface Choice {
  readonly waiter: Waiter;
  readonly ofGroup: number;
  readonly ofOwner: number;
}

function comesBefore(a: Choice, b: Choice): boolean {
  if (a.ofGroup !== b.ofGroup) return a.ofGroup < b.ofGroup;
  return a.ofOwner === b.ofOwner ? a.waiter.turn < b.waiter.turn : a.ofOwner < b.ofOwner;
}

/** Apart from any group's name, which has no line break. */
function ownerKey(claim: PermitClaim): string {
  return `${claim.group}\n${claim.owner}`;
}
