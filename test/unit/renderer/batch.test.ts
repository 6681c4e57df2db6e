import { expect, test } from 'vitest';
import { batchProgress, followBatch, NO_BATCH } from '../../../renderer/state/batch.ts';
import { statusView } from '../../support/protocol-fixtures.ts';

test('a batch begins when the empty queue gets work, and counts from there', () => {
  const idle = statusView({ counts: { succeeded: 100 }, bytes: { pending: 0, done: 5000 } });
  const begun = statusView({ counts: { succeeded: 100, pending: 4 }, bytes: { pending: 400, done: 5000 } });
  const half = statusView({ counts: { succeeded: 102, running: 2 }, bytes: { pending: 200, done: 5200 } });
  const first = followBatch(NO_BATCH, idle, true);
  const second = followBatch(followBatch(first, begun, false), half, false);
  expect(batchProgress(second, half)).toEqual({ done: 2, total: 4, fraction: 0.5 });
  const ended = followBatch(second, statusView({ counts: { succeeded: 104 } }), false);
  expect(ended.running).toBe(false);
});

test('work that was finished between two looks counts for the batch', () => {
  const idle = statusView({ counts: { succeeded: 10 } });
  const later = statusView({ counts: { succeeded: 13, pending: 1 } });
  const batch = followBatch(followBatch(NO_BATCH, idle, true), later, false);
  expect(batchProgress(batch, later)).toMatchObject({ done: 3, total: 4 });
});

test('a window that opens in the middle starts from what it sees; fallen counters start again', () => {
  const middle = statusView({ counts: { succeeded: 50, pending: 5 } });
  const batch = followBatch(NO_BATCH, middle, true);
  expect(batchProgress(batch, middle)).toMatchObject({ done: 0, total: 5, fraction: 0 });
  const fallen = statusView({ counts: { succeeded: 1, pending: 5 } });
  expect(batchProgress(followBatch(batch, fallen, false), fallen)).toMatchObject({ done: 0, total: 5 });
});
