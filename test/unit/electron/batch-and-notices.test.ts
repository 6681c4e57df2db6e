import { describe, expect, test } from 'vitest';
import { activeLines, NO_ACTIVE_ITEMS, nextActiveItems } from '../../../electron/active-items.ts';
import { NO_BATCH, nextBatch } from '../../../electron/batch.ts';
import { NO_NOTICES, nextNotices, type NoticeMemory } from '../../../electron/notice.ts';
import type { OperationView, StatusView } from '../../../src/protocol/shapes.ts';
import { folderStatus, operationView, statusView } from '../../support/protocol-fixtures.ts';

const running = (overrides: Partial<OperationView> = {}) =>
  operationView({
    state: 'running',
    phase: 'uploading',
    resourceKey: 'main/report.pdf',
    path: 'sub/report.pdf',
    bytesTotal: 100,
    ...overrides,
  });

describe('batch', () => {
  const at = (counts: Partial<StatusView['counts']>) => statusView({ counts });

  test('counts from rest to rest, whatever was done before', () => {
    const rest = nextBatch(NO_BATCH, at({ succeeded: 1000 }));
    expect(rest).toEqual({ batch: { succeededBefore: 1000, done: 0, outstanding: 0 }, finished: 0 });
    const begun = nextBatch(rest.batch, at({ succeeded: 1000, pending: 48, running: 2 }));
    expect(begun.batch).toMatchObject({ done: 0, outstanding: 50 });
    const going = nextBatch(begun.batch, at({ succeeded: 1011, pending: 37, running: 2, compensating: 1 }));
    expect(going.batch).toMatchObject({ done: 11, outstanding: 40 });
    expect(nextBatch(going.batch, at({ succeeded: 1050 })).finished).toBe(50);
  });
  test('the end is told once', () => {
    const { batch } = nextBatch(nextBatch(NO_BATCH, at({ pending: 1 })).batch, at({ succeeded: 1 }));
    expect(nextBatch(batch, at({ succeeded: 1 })).finished).toBe(0);
  });
  test('forgotten operations do not make less than nothing', () => {
    const begun = nextBatch(NO_BATCH, at({ succeeded: 500, pending: 3 }));
    expect(nextBatch({ ...begun.batch, succeededBefore: 500 }, at({ succeeded: 20, pending: 3 })).batch.done).toBe(0);
  });
});

describe('active items', () => {
  test('come, progress in steps of ten, and go', () => {
    const shown = nextActiveItems(NO_ACTIVE_ITEMS, [
      running({ bytesDone: 47 }),
      running({ id: 'op-2', path: null, bytesTotal: null }),
    ]);
    expect(activeLines(shown)).toEqual([
      { kind: 'file.upload', name: 'report.pdf', percent: 40 },
      { kind: 'file.upload', name: 'report.pdf', percent: null },
    ]);
    expect(activeLines(nextActiveItems(shown, [running({ state: 'succeeded' })]))).toHaveLength(1);
  });
  test('a copy at the service has no progress of its own', () => {
    const moving = running({ kind: 'file.move', phase: 'copying', bytesTotal: 100, bytesDone: 0 });
    expect(activeLines(nextActiveItems(NO_ACTIVE_ITEMS, [moving]))).toEqual([
      { kind: 'file.move', name: 'report.pdf', percent: null },
    ]);
  });
  test('at most three are shown, however many run', () => {
    const many = Array.from({ length: 500 }, (_, index) => running({ id: `op-${index}` }));
    const shown = nextActiveItems(NO_ACTIVE_ITEMS, many);
    expect(shown.size).toBe(64);
    expect(activeLines(shown)).toHaveLength(3);
  });
});

describe('notices', () => {
  const failure = (id: string, code: string): OperationView =>
    running({
      id,
      state: 'failed',
      error: { code, class: 'permanent', message: `about ${code}`, hint: '', detail: null },
    });
  const step = (
    memory: NoticeMemory,
    counts: Partial<StatusView['counts']>,
    operations: readonly OperationView[] = [],
    extra: { finished?: number; nowMs?: number } = {},
  ) => nextNotices(memory, { status: statusView({ counts }), operations, finished: 0, nowMs: 0, ...extra });
  const started = step(NO_NOTICES, {}).memory;

  test('what stood there at the start is no news', () => {
    expect(step(NO_NOTICES, { failed: 3, conflict: 2 }, [failure('a', 'x')]).notices).toEqual([]);
  });
  test('failures are told once per kind, in groups', () => {
    const first = step(started, { failed: 3 }, [failure('a', 'x'), failure('b', 'x'), failure('c', 'y')]);
    expect(first.notices).toEqual([
      { kind: 'failed', count: 2, code: 'x', name: 'report.pdf', message: 'about x' },
      { kind: 'failed', count: 1, code: 'y', name: 'report.pdf', message: 'about y' },
    ]);
    const again = step(first.memory, { failed: 4 }, [failure('d', 'x')], { nowMs: 60_000 });
    expect(again.notices).toEqual([]);
    expect(step(again.memory, { failed: 5 }, [failure('e', 'x')], { nowMs: 3_600_000 }).notices).toHaveLength(1);
  });
  test('a conflict is told', () => {
    expect(step(started, { conflict: 1 }, [running({ state: 'conflict' })]).notices).toEqual([
      { kind: 'conflict', count: 1, name: 'report.pdf' },
    ]);
  });
  test('a resolved one is not', () => {
    const before = step(started, { conflict: 2, failed: 2 }).memory;
    expect(step(before, { conflict: 1, failed: 1 }).notices).toEqual([]);
  });
  test('a mass delete is told once, however it grows; the next one again', () => {
    const held = (count: number, since: string) =>
      statusView({ folders: [folderStatus({ name: 'photos', guard: { count, of: 3000, since, sample: [] } })] });
    const look = (memory: NoticeMemory, status: StatusView) =>
      nextNotices(memory, { status, operations: [], finished: 0, nowMs: 0 });
    const first = look(started, held(900, '2026-01-01T10:00:00Z'));
    expect(first.notices).toEqual([{ kind: 'mass-delete', folder: 'photos', count: 900, of: 3000 }]);
    const grown = look(first.memory, held(1234, '2026-01-01T10:00:00Z'));
    expect(grown.notices).toEqual([]);
    const decided = look(grown.memory, statusView());
    expect(decided.notices).toEqual([]);
    expect(look(decided.memory, held(60, '2026-01-01T10:30:00Z')).notices).toHaveLength(1);
    // What stood there already is in the window and in the tray.
    expect(look(NO_NOTICES, held(900, '2026-01-01T10:00:00Z')).notices).toEqual([]);
  });
  test('the end of a batch is told when it was worth it and went well', () => {
    expect(step(started, {}, [], { finished: 5 }).notices).toEqual([{ kind: 'finished', count: 5 }]);
    expect(step(started, {}, [], { finished: 4 }).notices).toEqual([]);
    const withTrouble = step(started, { failed: 1 }, [failure('a', 'x')], { finished: 50 });
    expect(withTrouble.notices.map(({ kind }) => kind)).toEqual(['failed']);
  });
});
