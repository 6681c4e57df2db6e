import type { PermitClaim } from './permits.ts';

/** A part of a permit: what goes under the same chain goes one after the other, and so as one transfer at any moment. */
export interface SharedTurn {
  readonly chain: number;
  /** Once; the permit goes back with the last one. */
  readonly release: () => void;
}

/** So many small transfers go under one permit: the next ones are at hand while the engine's thread is at other work. */
const MOST_IN_CHAIN = 4;

interface Chain {
  readonly number: number;
  readonly group: string;
  readonly stop: AbortController;
  readonly waiting: Map<string, (turn: SharedTurn) => void>;
}

export interface Budget {
  /** Every permit is out: whoever comes now has to wait. */
  isSpent(): boolean;
  acquire(signal: AbortSignal, claim: PermitClaim): Promise<() => void>;
}

/**
 * Permits for transfers so small that handing on a permit takes longer than they do. Where permits are free, each has one of
 * its own; where all are out, those of a group that wait share the next one.
 */
export class SharedTurns {
  readonly #budget: Budget;
  readonly #waiting = new Set<Chain>();
  #made = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Rejects with the signal's reason. */
  acquire(signal: AbortSignal, claim: PermitClaim): Promise<SharedTurn> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const chain = this.#withRoom(claim) ?? this.#begin(claim);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        chain.waiting.delete(claim.owner);
        if (chain.waiting.size === 0) {
          this.#waiting.delete(chain);
          chain.stop.abort(signal.reason);
        }
        reject(signal.reason as Error);
      };
      chain.waiting.set(claim.owner, (turn) => {
        signal.removeEventListener('abort', onAbort);
        resolve(turn);
      });
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  isWaiting(owner: string): boolean {
    for (const chain of this.#waiting) if (chain.waiting.has(owner)) return true;
    return false;
  }

  #withRoom({ group, owner }: PermitClaim): Chain | null {
    if (!this.#budget.isSpent()) return null;
    for (const chain of this.#waiting) {
      if (chain.group === group && chain.waiting.size < MOST_IN_CHAIN && !chain.waiting.has(owner)) return chain;
    }
    return null;
  }

  #begin(claim: PermitClaim): Chain {
    this.#made += 1;
    const chain: Chain = { number: this.#made, group: claim.group, stop: new AbortController(), waiting: new Map() };
    this.#waiting.add(chain);
    this.#budget.acquire(chain.stop.signal, claim).then(
      (release) => this.#go(chain, release),
      // All of its own have been aborted.
      () => this.#waiting.delete(chain),
    );
    return chain;
  }

  #go(chain: Chain, release: () => void): void {
    this.#waiting.delete(chain);
    const takers = [...chain.waiting.values()];
    chain.waiting.clear();
    let left = takers.length;
    if (left === 0) release();
    for (const take of takers) {
      let released = false;
      const releaseOwn = () => {
        if (released) return;
        released = true;
        left -= 1;
        if (left === 0) release();
      };
      take({ chain: chain.number, release: releaseOwn });
    }
  }
}
