import { describe, expect, test } from 'vitest';
import { errorEntry } from '../../../src/core/error-table.ts';
import type { OperationView } from '../../../src/protocol/shapes.ts';
import { en } from '../../../renderer/i18n/en.ts';
import { eventDetail, eventTitle } from '../../../renderer/i18n/event-words.ts';
import { createFormat } from '../../../renderer/i18n/format.ts';
import { languageFor } from '../../../renderer/i18n/language.ts';
import { rowWords } from '../../../renderer/i18n/row-words.ts';
import { zh } from '../../../renderer/i18n/zh.ts';
import { partsMap } from '../../../renderer/state/parts-map.ts';
import { actionsFor } from '../../../renderer/state/item-actions.ts';
import { transferFraction } from '../../../renderer/state/transfer-fraction.ts';
import { itemName } from '../../../renderer/state/item-name.ts';
import { namedOperation, NOW } from '../../support/protocol-fixtures.ts';

const nowMs = Date.parse(NOW);
const english = languageFor('en-US');
const chinese = languageFor('zh-CN');

function failure(code: 's3.quota' | 'net.reset'): NonNullable<OperationView['error']> {
  return { code, class: 'business', detail: null, ...errorEntry(code).en };
}

describe('numbers in words', () => {
  const f = createFormat('en-US');
  test('sizes, speeds and percentages never promise too much', () => {
    expect([f.bytes(0), f.bytes(999), f.bytes(12_340), f.bytes(999_600), f.bytes(4_812_000_000)]).toEqual([
      '0 bytes',
      '999 bytes',
      '12.3 kB',
      '1 MB',
      '4.8 GB',
    ]);
    expect([f.percent(0.999), f.percent(1), f.percent(0.016)]).toEqual(['99%', '100%', '1%']);
    expect(f.speed(3_400_000)).toBe('3.4 MB/s');
  });
  test('lengths of time are rough', () => {
    expect([f.duration(0.2), f.duration(59), f.duration(90), f.duration(3600), f.duration(5400)]).toEqual([
      '1 sec',
      '59 sec',
      '2 min',
      '1 hr',
      '1 hr 30 min',
    ]);
    expect(f.duration(3 * 86_400)).toBe('3 days');
  });
});

describe('a row in words', () => {
  test('what was to follow the upload and could not be done is said, in the reader’s language', () => {
    const error = { code: 'local.disk-full', class: 'local', detail: 'no room', ...errorEntry('local.disk-full').en };
    const leftInPlace = { action: 'archive', error, tryAgainAt: NOW } as const;
    const left = namedOperation('a', { state: 'succeeded', leftInPlace });
    expect(rowWords(left, nowMs, english).next).toBe('Not archived yet: The disk of this computer is full.');
    expect(rowWords(left, nowMs, chinese).next).toBe('尚未归档：本机磁盘已满。');
    const trash = namedOperation('a', { state: 'succeeded', leftInPlace: { ...leftInPlace, action: 'trash' } });
    expect(rowWords(trash, nowMs, english).next).toMatch(/^Not in the trash yet: /);
  });

  test('a copy beside theirs shows its key, a move in conflict its old name', () => {
    const beside = namedOperation('a', { state: 'succeeded', storedAs: 'drop/a (conflict x).txt' });
    expect(rowWords(beside, nowMs, english).main).toBe('In the storage, beside theirs: drop/a (conflict x).txt');
    const moved = namedOperation('b', {
      kind: 'file.move',
      state: 'conflict',
      movedFrom: 'old.txt',
      error: failure('s3.quota'),
    });
    expect(rowWords(moved, nowMs, english).next).toMatch(/^It was old\.txt before\. /);
    expect(rowWords(moved, nowMs, chinese).next).toMatch(/^原名为 old\.txt。/);
  });

  test('a failed item says what happened and what to do, in the reader’s language', () => {
    const failed = namedOperation('a', { state: 'failed', error: failure('s3.quota') });
    expect(rowWords(failed, nowMs, english)).toEqual({
      main: errorEntry('s3.quota').en.message,
      next: errorEntry('s3.quota').en.hint,
    });
    expect(rowWords(failed, nowMs, chinese)).toEqual({
      main: errorEntry('s3.quota').zh.message,
      next: errorEntry('s3.quota').zh.hint,
    });
  });
  test('a waiting item counts down; a gate and its own pause come first', () => {
    const dueAt = new Date(nowMs + 95_000).toISOString();
    const waiting = namedOperation('a', { state: 'waiting', dueAt, error: failure('net.reset') });
    expect(rowWords(waiting, nowMs, english)).toEqual({
      main: errorEntry('net.reset').en.message,
      next: 'Next try in 2 min',
    });
    expect(rowWords({ ...waiting, gate: 'offline' }, nowMs, english).main).toBe('Waits for the network');
    expect(rowWords({ ...waiting, pausedUntil: 'forever' }, nowMs, english).main).toBe('Paused until you resume it');
  });
  test('deletes, moves and downloads have their own words, done and undone', () => {
    const done = (kind: OperationView['kind']) =>
      rowWords(namedOperation('a', { kind, state: 'succeeded' }), nowMs, english).main;
    expect([done('file.delete'), done('file.move'), done('file.download')]).toEqual([
      'Deleted in the storage',
      'Moved in the storage',
      'Downloaded',
    ]);
    const kept = namedOperation('a', {
      state: 'succeeded',
      phase: 'ready',
      externalId: null,
      bytesDone: 0,
      bytesTotal: 4,
    });
    expect(rowWords(kept, nowMs, english).main).toBe('Not sent: theirs was kept');
    expect(rowWords({ ...kept, externalId: 'v1', bytesDone: 4 }, nowMs, english).main).toBe('In the storage');
    expect(rowWords({ ...kept, bytesDone: 4 }, nowMs, english).main).toBe('In the storage');
    const over = (kind: OperationView['kind'], state: OperationView['state']) =>
      rowWords(namedOperation('a', { kind, state }), nowMs, english).main;
    expect(over('file.delete', 'cancelled')).toBe('Cancelled; it stays in the storage');
    expect(over('file.download', 'cancelled')).toBe('Cancelled; nothing was brought here');
    expect(over('file.delete', 'superseded')).toBe('Not needed any more');
    expect(over('file.upload', 'superseded')).toBe('Replaced by a newer version of the file');
  });
  test('the conflict of a delete asks what to do about the delete', () => {
    const error = { code: 'conflict.changed', class: 'conflict', detail: null, ...errorEntry('conflict.changed').en };
    const op = namedOperation('a', {
      kind: 'file.delete',
      state: 'conflict',
      error,
      next: 'It waits for your choice.',
    });
    expect(rowWords(op, nowMs, english).next).toBe(`It waits for your choice. ${en.row.deletedHere}`);
    expect(rowWords(op, nowMs, chinese)).toEqual({
      main: errorEntry('conflict.changed').zh.message,
      next: zh.row.deletedHere,
    });
  });
  test('the engine’s times are shown as the reader’s', () => {
    const next = 'It starts when working hours begin, at 2026-11-21T15:00:00Z.';
    const op = namedOperation('a', { gate: 'schedule-closed', next });
    const words = rowWords(op, nowMs, english);
    expect(words.main).toBe('Waits for its working hours');
    expect(words.next).toBe(
      `It starts when working hours begin, at ${english.f.clock('2026-11-21T15:00:00Z', nowMs)}.`,
    );
  });
  test('bytes are counted where bytes pass', () => {
    const running = namedOperation('a', { state: 'running', bytesTotal: 100, bytesDone: 40 });
    expect(transferFraction({ ...running, phase: 'uploading' })).toBe(0.4);
    expect(transferFraction({ ...running, kind: 'file.download', phase: 'downloading' })).toBe(0.4);
    expect(transferFraction({ ...running, kind: 'file.move', phase: 'copying' })).toBeNull();
    expect(transferFraction({ ...running, kind: 'file.delete', phase: 'deleting', bytesTotal: null })).toBeNull();
  });
  test('a file that could not be verified says so', () => {
    const done = namedOperation('a', { state: 'succeeded', phase: 'ready', verified: false });
    expect(rowWords(done, nowMs, english).next).toBe(en.row.unverified);
  });
  test('a name is the last part of the path, wherever it lies', () => {
    expect(itemName(namedOperation('a', { path: 'x/y/z.txt' }))).toEqual({ name: 'z.txt', place: 'drop / x/y' });
    expect(itemName(namedOperation('a', { path: null, folder: null, resourceKey: 'K' }))).toEqual({
      name: 'K',
      place: '',
    });
  });
});

test('events are told in words, and unknown ones are shown as they are', () => {
  const event = {
    seq: 1,
    id: 'e',
    operationId: 'a',
    resourceKey: null,
    type: 'retry-scheduled',
    from: 'running',
    to: 'waiting',
    at: NOW,
    source: 'internal',
    correlationId: null,
    details: { attempt: 2, code: 'net.reset' },
  } as const;
  expect(eventTitle(event, english)).toBe('Did not work; another try is due');
  expect(eventDetail(event, english)).toBe(`attempt 2 · ${errorEntry('net.reset').en.message}`);
  expect(eventTitle({ ...event, type: 'verify.repaired', from: null, to: null }, english)).toBe('verify.repaired');
});

test('both languages have the same words, and none is empty', () => {
  function paths(words: object, prefix = ''): string[] {
    return Object.entries(words).flatMap(([key, value]: [string, unknown]) => {
      if (typeof value === 'object' && value !== null) return paths(value, `${prefix}${key}.`);
      expect(value, prefix + key).not.toBe('');
      return [`${prefix}${key}:${typeof value}`];
    });
  }
  expect(paths(zh).toSorted()).toEqual(paths(en).toSorted());
});

describe('what can be done', () => {
  test('a conflict is decided, a failure retried, and an unknown outcome never simply repeated', () => {
    expect(actionsFor(namedOperation('a', { state: 'conflict' })).slice(0, 3)).toEqual([
      'keep-local',
      'keep-remote',
      'keep-both',
    ]);
    expect(actionsFor(namedOperation('a', { state: 'conflict', kind: 'api.call' }))).not.toContain('keep-both');
    const unknown = { code: 'call.outcome-unknown', class: 'permanent', message: '', hint: '', detail: null };
    const stopped = actionsFor(namedOperation('a', { state: 'failed', kind: 'api.call', path: null, error: unknown }));
    expect(stopped).toEqual(['retry-new-key', 'cancel']);
  });
  test('what one side deleted can’t be kept beside the other', () => {
    const conflict = (kind: OperationView['kind'], code: string) => {
      const error = { code, class: 'conflict', message: '', hint: '', detail: null };
      return actionsFor(namedOperation('a', { state: 'conflict', kind, error })).filter(
        (action) => action !== 'reveal',
      );
    };
    expect(conflict('file.upload', 'conflict.deleted')).toEqual(['upload-again', 'leave-deleted', 'cancel']);
    expect(conflict('file.delete', 'conflict.changed')).toEqual(['keep-remote', 'delete-theirs', 'cancel']);
    expect(conflict('file.move', 'conflict.exists')).toEqual(['keep-local', 'keep-remote', 'keep-both', 'cancel']);
    expect(conflict('file.move', 'conflict.changed')).toEqual(['keep-local', 'keep-remote', 'cancel']);
  });
  test('only a file that is here is shown in the file manager', () => {
    const shown = (kind: OperationView['kind'], state: OperationView['state']) =>
      actionsFor(namedOperation('a', { kind, state })).includes('reveal');
    expect(shown('file.delete', 'succeeded')).toBe(false);
    expect(shown('file.download', 'running')).toBe(false);
    expect(shown('file.download', 'succeeded')).toBe(true);
    expect(shown('file.move', 'running')).toBe(true);
  });
  test('what is over can’t be cancelled', () => {
    for (const state of ['succeeded', 'cancelled', 'superseded'] as const) {
      expect(actionsFor(namedOperation('a', { state }))).not.toContain('cancel');
    }
  });
});

describe('the map of parts', () => {
  const parts = (count: number, done: number) =>
    Array.from({ length: count }, (_, index) => ({
      number: index + 1,
      offset: index * 10,
      sizeBytes: 10,
      checksum: null,
      etag: null,
      doneAt: index < done ? NOW : null,
    }));
  const detail = (count: number, done: number, bytesDone: number) => ({
    ...namedOperation('a', { state: 'running', bytesTotal: count * 10, bytesDone }),
    events: [],
    parts: parts(count, done),
    steps: [],
    versions: { base: null, remote: null, local: null },
    response: null,
  });
  test('shows what is stored, what is being sent and what is left', () => {
    const map = partsMap(detail(5, 2, 35));
    expect(map?.squares.map((square) => square.state)).toEqual(['done', 'done', 'busy', 'busy', 'todo']);
  });
  test('many parts share a square', () => {
    const map = partsMap(detail(10_000, 5000, 50_000));
    expect(map?.perSquare).toBe(25);
    expect(map?.squares).toHaveLength(400);
    expect(partsMap(detail(0, 0, 0))).toBeNull();
  });
});
