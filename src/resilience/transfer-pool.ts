import {
  adaptConcurrency,
  rebound,
  startConcurrency,
  type Concurrency,
  type ConcurrencyBounds,
  type TransferSample,
} from './adapt-concurrency.ts';
import { partSizeUnder, partsUnder } from '../core/part-plan.ts';
import type { TransferMeter } from './measured-store.ts';
import { Permits, type PermitClaim } from './permits.ts';
import { SharedTurns, type SharedTurn } from './shared-turns.ts';

/** Where transfers get their permits from. */
export interface TransferPermits {
  /** Resolves with a function that gives the permit back (once); rejects with the signal's reason. */
  acquire(signal: AbortSignal, claim?: PermitClaim): Promise<() => void>;
  /** For what is sent in chains beside the engine's thread; without it, each has a permit of its own. */
  share?(signal: AbortSignal, claim: PermitClaim): Promise<SharedTurn>;
}

/** Under a bandwidth limit each transfer gets at least this, bytes per second: services drop a connection that idles. */
const LEAST_PER_TRANSFER = 32 * 1024;

export interface PoolRules {
  readonly bounds: ConcurrencyBounds;
  /** The limit to begin with. */
  readonly start: number | undefined;
  /** Parts of large files under way at most: what memory they may take. */
  readonly mostBulk: number;
  /** Of a part, bytes, where bandwidth is not limited. */
  readonly partSizeBytes: number;
}

export interface TransferPoolOptions {
  /** Names the destination among those that share `shared`. */
  readonly name: string;
  readonly rules: PoolRules;
  /** The budget over all destinations. */
  readonly shared: Permits;
  /** The bandwidth that holds now; 0: no limit. */
  readonly bytesPerSecond: () => number;
  /** The limit is another one now. */
  readonly onLimit: () => void;
}

/** The budget of one destination: PUTs and parts of all its folders, adapted to what it bears. */
export class TransferPool implements TransferPermits, TransferMeter {
  readonly #options: TransferPoolOptions;
  readonly #permits: Permits;
  /** Transfers that send much, under a bandwidth limit: what is open of them is lost when they are stopped. */
  readonly #paced = new Permits(Number.MAX_SAFE_INTEGER);
  readonly #turns = new SharedTurns({
    isSpent: () => this.#permits.inUse >= this.#permits.limit,
    acquire: (signal, claim) => this.acquire(signal, claim),
  });
  #rules: PoolRules;
  #adapted: Concurrency;

  constructor(options: TransferPoolOptions) {
    this.#options = options;
    this.#rules = options.rules;
    this.#adapted = startConcurrency(options.rules.bounds, options.rules.start);
    this.#permits = new Permits(this.#adapted.limit, options.rules.mostBulk);
    this.refresh();
  }

  /** Transfers at once, as things are now. */
  get limit(): number {
    return this.#permits.limit;
  }

  /** Of these, parts of large files. */
  get bulkLimit(): number {
    return Math.min(this.#permits.bulkLimit, this.#paced.limit);
  }

  get inUse(): number {
    return this.#permits.inUse;
  }

  /** Whether an operation waits for its turn to transfer. */
  isWaiting(owner: string): boolean {
    return [this.#turns, this.#paced, this.#permits, this.#options.shared].some((queue) => queue.isWaiting(owner));
  }

  share(signal: AbortSignal, claim: PermitClaim): Promise<SharedTurn> {
    return this.#turns.acquire(signal, claim);
  }

  setRules(rules: PoolRules): void {
    this.#rules = rules;
    this.#adapted = rebound(this.#adapted, rules.bounds);
    this.refresh();
  }

  ended(sample: TransferSample): void {
    this.#adapted = adaptConcurrency(this.#adapted, sample, this.#rules.bounds);
    this.refresh();
  }

  /** Also follows a bandwidth that changed. */
  refresh(): void {
    const rate = this.#options.bytesPerSecond();
    const limit = Math.min(this.#adapted.limit, transfersAt(rate));
    this.#paced.setLimit(partsUnder(rate, partSizeUnder(rate, this.#rules.partSizeBytes)));
    const before = this.#permits.limit;
    this.#permits.setLimit(limit, this.#rules.mostBulk);
    if (limit !== before) this.#options.onLimit();
  }

  async acquire(signal: AbortSignal, claim?: PermitClaim): Promise<() => void> {
    const { shared, name } = this.#options;
    const held: (() => void)[] = [];
    const releaseAll = () => {
      for (const release of held) release();
    };
    try {
      // First: whoever waits for it must not hold what others could use.
      if (claim?.paced === true) held.push(await this.#paced.acquire(signal, claim));
      held.push(await this.#permits.acquire(signal, claim));
      held.push(await shared.acquire(signal, { group: name, owner: claim?.owner ?? '', bulk: false }));
      return releaseAll;
    } catch (error) {
      releaseAll();
      throw error;
    }
  }
}

function transfersAt(bytesPerSecond: number): number {
  if (bytesPerSecond === 0) return Number.MAX_SAFE_INTEGER;
  return Math.max(1, Math.floor(bytesPerSecond / LEAST_PER_TRANSFER));
}
