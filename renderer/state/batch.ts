import type { StatusView } from '../../src/protocol/shapes.ts';

/** From when the queue was last empty: what "12 of 50" counts. */
export interface Batch {
  readonly running: boolean;
  /** Operations and bytes that were done before it began. */
  readonly doneBefore: number;
  readonly bytesBefore: number;
  readonly lastDone: number;
  readonly lastBytes: number;
}

export interface BatchProgress {
  readonly done: number;
  readonly total: number;
  /** 0 to 1; by bytes where sizes are known, else by items. */
  readonly fraction: number;
}

export const NO_BATCH: Batch = { running: false, doneBefore: 0, bytesBefore: 0, lastDone: 0, lastBytes: 0 };

export function openCount(counts: StatusView['counts']): number {
  return counts.pending + counts.running + counts.waiting + counts.compensating;
}

/** Follows the counters. `first` tells that there was no status before, so what was done earlier counts as before. */
export function followBatch(batch: Batch, status: StatusView, first: boolean): Batch {
  const done = status.counts.succeeded;
  const bytes = status.bytes.done;
  const running = openCount(status.counts) > 0;
  const seen = { lastDone: done, lastBytes: bytes };
  if (!running) return { running: false, doneBefore: done, bytesBefore: bytes, ...seen };
  // Counters that fell mean another database (or a vacuum): start again from here.
  if (first || done < batch.doneBefore || bytes < batch.bytesBefore) {
    return { running: true, doneBefore: done, bytesBefore: bytes, ...seen };
  }
  if (!batch.running) return { running: true, doneBefore: batch.lastDone, bytesBefore: batch.lastBytes, ...seen };
  return { ...batch, ...seen };
}

export function batchProgress(batch: Batch, status: StatusView): BatchProgress {
  const done = Math.max(0, status.counts.succeeded - batch.doneBefore);
  const total = done + openCount(status.counts);
  const bytesDone = Math.max(0, status.bytes.done - batch.bytesBefore);
  const bytesTotal = bytesDone + status.bytes.pending;
  const fraction = bytesTotal > 0 ? bytesDone / bytesTotal : total > 0 ? done / total : 0;
  return { done, total, fraction: Math.min(1, fraction) };
}
