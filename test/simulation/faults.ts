import type { Coverage } from './coverage.ts';
import type { Limits } from './run-limits.ts';
import type { SeededRandom } from './seeded-random.ts';

/** What may go wrong with one request to a service. */
export const REQUEST_FAULTS = [
  'reset-before', // the connection breaks before anything happened
  'reset-after', // it happened, and the answer was lost
  'error-before', // 500, nothing happened
  'error-after', // 500, and yet it happened
  'slow-down', // 503 with or without Retry-After
  'stall-before', // nothing moves until the adapter gives up
  'stall-after',
  'refused', // connection refused, for this one
  'race', // another writer is there first, by an instant
  'busy', // 409
  'mismatch', // the service found another checksum
  'bare', // a reply without ETag and checksums
  'denied', // 403
  'truncated', // the body of an answer ends too soon
] as const;
export type RequestFault = (typeof REQUEST_FAULTS)[number];

export const DISK_FAULTS = ['io', 'locked', 'scan-dies', 'directory-unread', 'torn-read'] as const;
export type DiskFault = (typeof DISK_FAULTS)[number];

export const WATCH_FAULTS = ['dropped', 'duplicated', 'delayed', 'overflow', 'degraded'] as const;
export type WatchFault = (typeof WATCH_FAULTS)[number];

/** Of those that are not as frequent as the others, by chance. Few requests have an answer that can be cut off. */
const MEAN_RATES: Partial<Record<RequestFault, number>> = { denied: 0.002, bare: 0.05, truncated: 0.5 };

type Fault = RequestFault | DiskFault | WatchFault;

/**
 * Which faults a run meets and how often. Each run leaves some kinds out altogether ("swarm testing", Groce et al. 2012),
 * so that rare ones are not always drowned by the common.
 */
export class FaultPlan {
  readonly #random: SeededRandom;
  readonly #coverage: Coverage;
  readonly #rates = new Map<Fault, number>();
  on = true;

  constructor(random: SeededRandom, coverage: Coverage, limits: Limits) {
    this.#random = random;
    this.#coverage = coverage;
    const level = random.pick([0.3, 1, 1, 2]);
    const rate = (fault: Fault, mean: number) => {
      const meets = random.chance(0.65);
      const often = mean * level * (0.5 + random.fraction());
      if (meets && limits.permits('fault', fault)) this.#rates.set(fault, often);
    };
    for (const fault of REQUEST_FAULTS) rate(fault, MEAN_RATES[fault] ?? 0.02);
    for (const fault of DISK_FAULTS) rate(fault, fault === 'torn-read' ? 0.1 : 0.004);
    for (const fault of WATCH_FAULTS) rate(fault, 0.1);
  }

  /** True when this fault strikes now. */
  strikes(fault: Fault, where: string): boolean {
    if (!this.on) return false;
    const rate = this.#rates.get(fault);
    if (rate === undefined || !this.#random.chance(rate)) return false;
    this.#coverage.hit(`fault ${where} ${fault}`);
    return true;
  }

  /** The first of these that strikes. */
  among<F extends RequestFault>(faults: readonly F[], where: string): F | null {
    return faults.find((fault) => this.strikes(fault, where)) ?? null;
  }
}
