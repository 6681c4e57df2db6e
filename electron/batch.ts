import type { StatusView } from '../src/protocol/shapes.ts';

/** The work between two moments of rest, as "12 of 50" counts it. */
export interface Batch {
  /** Operations that had succeeded before the batch began. */
  readonly succeededBefore: number;
  /** Operations finished since. */
  readonly done: number;
  /** Operations that are under way or wait their turn. */
  readonly outstanding: number;
}

export const NO_BATCH: Batch = { succeededBefore: 0, done: 0, outstanding: 0 };

/** The batch after a new status, and how many operations finished if it has just come to its end. */
export function nextBatch(
  batch: Batch,
  { counts }: Pick<StatusView, 'counts'>,
): { readonly batch: Batch; readonly finished: number } {
  const outstanding = counts.pending + counts.running + counts.waiting + counts.compensating;
  const atRest = batch.outstanding === 0;
  const succeededBefore = atRest ? counts.succeeded : batch.succeededBefore;
  // The engine forgets old operations in time: never count below nothing.
  const done = Math.max(0, counts.succeeded - succeededBefore);
  return { batch: { succeededBefore, done, outstanding }, finished: !atRest && outstanding === 0 ? done : 0 };
}
