import { PRIORITIES } from '../core/operation.ts';
import type { EpochMs } from '../core/ports.ts';
import type { ClaimsRepo } from '../db/claims-repo.ts';
import type { StoredOperation } from '../db/stored-operation.ts';

/** What may be leased at once of all lanes that work against the same service. */
export interface LeaseBudget {
  /** Operations that are soon done. */
  readonly small: number;
  /** So many more of these at most, where they are done so fast that the next ones have to stand ready. */
  readonly ahead: number;
  /** Files sent in parts: each takes several transfers for long. */
  readonly large: number;
  readonly largeAboveBytes: number;
}

/** What of a budget is free now. */
export interface Room {
  readonly small: number;
  readonly large: number;
}

export function isLarge(operation: StoredOperation, budget: LeaseBudget): boolean {
  return operation.kind.startsWith('file.') && (operation.bytesTotal ?? 0) > budget.largeAboveBytes;
}

/** Of so many leases in a lane one goes to what has waited longest, whatever its priority (P8). */
const AGED_TURN = 8;
/** So long it has waited then, ms. */
const AGED_AFTER_MS = 10 * 60_000;
/** So many candidates behind large files that have to wait are looked at for small ones. */
const LOOK_PAST = 256;

export type Claims = Pick<ClaimsRepo, 'ready' | 'due'>;

export interface Question {
  readonly lane: string;
  readonly budget: LeaseBudget;
  readonly room: Room;
  /** What has waited so long that it goes first, as `longestWaiting` found it. */
  readonly aged: readonly StoredOperation[];
  readonly now: EpochMs;
}

/**
 * What of a lane starts now, in order: what is critical; then retries that are due, for they are older; then by priority,
 * and by age. One lease in eight is for what has waited longest, so that nothing waits for ever below what keeps coming.
 */
export function chooseCandidates(claims: Claims, question: Question): StoredOperation[] {
  const { lane, room, now } = question;
  const wanted = room.small + room.large;
  if (wanted <= 0) return [];
  const choice = new Choice(question);
  for (const operation of question.aged) choice.take(operation);
  const [first, ...others] = PRIORITIES.map((priority) => (limit: number) => claims.ready(lane, priority, now, limit));
  for (const source of [first, (limit: number) => claims.due(lane, now, limit), ...others]) {
    const found = source?.(wanted) ?? [];
    for (const operation of found) choice.take(operation);
    // Large files that have to wait may stand before small ones for which there is room.
    if (choice.small > 0 && found.length === wanted) {
      for (const operation of source?.(wanted + LOOK_PAST).slice(wanted) ?? []) choice.take(operation);
    }
    // Large files have their turn when they come to the head: they don't overtake.
    if (choice.small <= 0 && found.length > 0) break;
  }
  return choice.operations;
}

/** How many of the next `count` leases of a lane that had `leases` so far are for the aged. */
export function agedTurns(leases: number, count: number): number {
  return Math.floor((leases + count) / AGED_TURN) - Math.floor(leases / AGED_TURN);
}

/** Of the first ones of each priority, and of what is due, those that were made first, if that is long ago. */
export function longestWaiting(claims: Claims, lane: string, now: EpochMs, count: number): StoredOperation[] {
  return [
    ...claims.due(lane, now, count),
    ...PRIORITIES.flatMap((priority) => claims.ready(lane, priority, now, count)),
  ]
    .filter((operation) => now - operation.createdAt >= AGED_AFTER_MS)
    .toSorted((a, b) => a.seq - b.seq)
    .slice(0, count);
}

/** What was chosen so far, and for what there is room yet. Two of one look may share a resource: only the first goes. */
class Choice {
  readonly operations: StoredOperation[] = [];
  readonly #budget: LeaseBudget;
  readonly #keys = new Set<string>();
  readonly #seqs = new Set<number>();
  small: number;
  #large: number;

  constructor({ budget, room }: Question) {
    this.#budget = budget;
    this.small = room.small;
    this.#large = room.large;
  }

  take(operation: StoredOperation): void {
    const large = isLarge(operation, this.#budget);
    if ((large ? this.#large : this.small) <= 0 || this.#seqs.has(operation.seq)) return;
    if (operation.resourceKey !== null && this.#keys.has(operation.resourceKey)) return;
    this.operations.push(operation);
    this.#seqs.add(operation.seq);
    if (operation.resourceKey !== null) this.#keys.add(operation.resourceKey);
    if (large) this.#large -= 1;
    else this.small -= 1;
  }
}
