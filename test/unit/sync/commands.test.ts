import { describe, expect, it } from 'vitest';
import { toBeTakenUp } from '../../../src/core/fingerprint.ts';
import { isTerminal, STATES } from '../../../src/core/states.ts';
import type { NewOperation } from '../../../src/db/new-operation.ts';
import { FOREVER } from '../../../src/db/stored-operation.ts';
import { Commands } from '../../../src/sync/commands.ts';
import { isToBeJudgedAnew } from '../../../src/sync/inventory-keys.ts';
import { errorOfCode } from '../../../src/sync/settle.ts';
import { supersede } from '../../../src/sync/supersede.ts';
import { NOON } from '../../support/manual-clock.ts';
import {
  bringTo,
  eventTypes,
  fingerprint,
  lease,
  makeOutbox,
  must,
  queueUpload,
  reread,
  uploadSpecFor,
} from '../../support/outbox.ts';

const CALL: Partial<NewOperation> = {
  kind: 'api.call',
  lane: 'provider:crm',
  folder: null,
  path: null,
  destination: null,
  provider: 'crm',
  idempotencyScope: 'provider:crm',
  idempotencyKey: 'key-1',
};

function makeBench() {
  const outbox = makeOutbox();
  const stopped: [number, string][] = [];
  const dirty: (string | null)[] = [];
  const commands = new Commands({
    ...outbox,
    stopRunning: (operation, reason) => stopped.push([operation.seq, reason]),
    hintDirty: (operation) => dirty.push(operation.path),
    isWatched: (folder) => folder === 'drop',
  });
  return { outbox, commands, stopped, dirty };
}

describe('retry', () => {
  it('sends a failed upload to the queue with a fresh budget, and has its file looked at', () => {
    const { outbox, commands, dirty } = makeBench();
    const failed = bringTo(outbox, queueUpload(outbox, 'sub/a'), 'failed', { attempts: 10, bytesDone: 40 });
    expect(commands.retry(failed.id, false)).toBeNull();
    expect(reread(outbox, failed)).toMatchObject({ state: 'pending', attempts: 0, bytesDone: 40 });
    expect(dirty).toEqual(['sub/a']);
    const last = outbox.repos.events.latestOf(failed.id, 1);
    expect(last).toMatchObject([{ from: 'failed', to: 'pending', source: 'external' }]);
  });

  it.each(['file.move', 'file.delete', 'file.download'] as const)('does the same for a failed %s', (kind) => {
    const { outbox, commands, dirty } = makeBench();
    const failed = bringTo(outbox, queueUpload(outbox, 'a.txt', { kind }), 'failed', { attempts: 9 });
    expect(commands.retry(failed.id, false)).toBeNull();
    expect(reread(outbox, failed)).toMatchObject({ state: 'pending', attempts: 0 });
    expect(dirty).toEqual(['a.txt']);
  });

  it('makes what waits due now', () => {
    const { outbox, commands } = makeBench();
    const waiting = bringTo(outbox, queueUpload(outbox, 'a'), 'waiting', { dueAt: NOON + 60_000 });
    expect(commands.retry(waiting.id, false)).toBeNull();
    expect(reread(outbox, waiting)).toMatchObject({ state: 'waiting', dueAt: NOON });
    expect(outbox.repos.claims.due('folder:drop', NOON, 1)).toHaveLength(1);
  });

  it.each(STATES.filter((state) => state !== 'failed' && state !== 'waiting'))(
    'refuses what is %s, in words',
    (state) => {
      const { outbox, commands } = makeBench();
      const operation = bringTo(outbox, queueUpload(outbox, 'a'), state);
      expect(commands.retry(operation.id, false)?.reason).toContain(state);
      expect(reread(outbox, operation)).toEqual(operation);
    },
  );

  it('P2: refuses what no scan will ever look at: its folder is not configured any more', () => {
    const { outbox, commands } = makeBench();
    const queued = queueUpload(outbox, 'a', { spec: uploadSpecFor(''), folder: 'gone' });
    const failed = bringTo(outbox, queued, 'failed', { error: errorOfCode('local.name-collision') });
    expect(commands.retry(failed.id, false)?.reason).toMatch(/not in the configuration/);
    expect(reread(outbox, failed).state).toBe('failed');
  });

  it('has a file that never had a key looked at anew by the next scan', () => {
    const { outbox, commands, dirty } = makeBench();
    const queued = queueUpload(outbox, 'a', { spec: uploadSpecFor('') });
    const failed = bringTo(outbox, queued, 'failed', { error: errorOfCode('local.name-collision') });
    outbox.repos.files.put({
      folder: 'drop',
      dir: '',
      name: 'a',
      key: '',
      fingerprint: fingerprint(1),
      sizeBytes: 1,
      mtimeMs: 1,
      base: null,
      checksum: null,
      operation: failed.id,
    });
    expect(commands.retry(failed.id, false)).toBeNull();
    expect(reread(outbox, failed).state).toBe('superseded');
    const { fingerprint: now } = must(outbox.repos.files.get('drop', '', 'a'));
    expect(isToBeJudgedAnew(now)).toBe(true);
    expect(dirty).toEqual(['a']);
  });

  it('P5: does not repeat a call of unknown outcome without a word about it', () => {
    const { outbox, commands } = makeBench();
    const unknown = { error: errorOfCode('call.outcome-unknown'), memo: { unsettled: true, firstSentAt: 1 } };
    const failed = bringTo(outbox, queueUpload(outbox, 'x', CALL), 'failed', unknown);
    expect(commands.retry(failed.id, false)?.reason).toMatch(/--new-key/);
    expect(reread(outbox, failed)).toEqual(failed);
    expect(commands.retry(failed.id, true)).toBeNull();
    const retried = reread(outbox, failed);
    expect(retried).toMatchObject({ state: 'pending', memo: {} });
    expect(retried.idempotencyKey).not.toBe('key-1');
  });

  it('P5: keeps the key of a call otherwise', () => {
    const { outbox, commands } = makeBench();
    const failed = bringTo(outbox, queueUpload(outbox, 'x', CALL), 'failed');
    expect(commands.retry(failed.id, false)).toBeNull();
    expect(reread(outbox, failed)).toMatchObject({ state: 'pending', idempotencyKey: 'key-1' });
  });
});

describe('cancel', () => {
  it.each(STATES.filter((state) => !isTerminal(state) && state !== 'running'))('ends what is %s', (state) => {
    const { outbox, commands } = makeBench();
    const operation = bringTo(outbox, queueUpload(outbox, 'a'), state);
    expect(commands.cancel(operation.id)).toBeNull();
    expect(reread(outbox, operation)).toMatchObject({ state: 'cancelled', completedAt: NOON });
  });

  it('tells what runs to stop, and lets it end by itself', () => {
    const { outbox, commands, stopped } = makeBench();
    const running = lease(outbox, queueUpload(outbox, 'a'));
    expect(commands.cancel(running.id)).toBeNull();
    expect(reread(outbox, running)).toMatchObject({ state: 'running', ending: 'cancelled', leaseAttempt: 1 });
    expect(stopped).toEqual([[running.seq, 'cancelled']]);
  });

  it('P2: of a download: the file that it was to replace is taken up again', () => {
    const { outbox, commands, dirty } = makeBench();
    const before = bringTo(outbox, queueUpload(outbox, 'a'), 'superseded');
    outbox.repos.files.put({
      folder: 'drop',
      dir: '',
      name: 'a',
      key: 'drop/a',
      fingerprint: fingerprint(7),
      sizeBytes: 100,
      mtimeMs: 0,
      base: null,
      checksum: null,
      operation: before.id,
    });
    const download = queueUpload(outbox, 'a', { kind: 'file.download' });
    expect(commands.cancel(download.id)).toBeNull();
    expect(outbox.repos.files.get('drop', '', 'a')?.fingerprint).toBe(toBeTakenUp(fingerprint(7)));
    expect(dirty).toEqual(['a']);
  });

  it.each(STATES.filter(isTerminal))('refuses what is %s', (state) => {
    const { outbox, commands } = makeBench();
    const operation = bringTo(outbox, queueUpload(outbox, 'a'), state);
    expect(commands.cancel(operation.id)?.reason).toContain(state);
  });
});

describe('P9: hold', () => {
  it('keeps one item back, and frees it', () => {
    const { outbox, commands } = makeBench();
    const operation = queueUpload(outbox, 'a');
    expect(commands.hold(operation.id, FOREVER)).toBeNull();
    expect(outbox.repos.claims.ready('folder:drop', 'normal', NOON, 9)).toEqual([]);
    expect(commands.hold(operation.id, 0)).toBeNull();
    expect(outbox.repos.claims.ready('folder:drop', 'normal', NOON, 9)).toHaveLength(1);
    expect(eventTypes(outbox, operation)).toEqual(['queued', 'paused', 'resumed']);
    const [paused] = outbox.repos.events.latestOf(operation.id, 2);
    expect(paused?.details).toEqual({ until: null });
  });

  it('does not disturb the lease of what runs', () => {
    const { outbox, commands } = makeBench();
    const running = lease(outbox, queueUpload(outbox, 'a'));
    commands.hold(running.id, NOON + 5);
    expect(reread(outbox, running)).toMatchObject({ state: 'running', heldUntil: NOON + 5, leaseEpoch: 1 });
  });
});

it.each(['retry', 'cancel', 'hold'] as const)('%s refuses an item that is not there', (command) => {
  const { commands } = makeBench();
  expect(commands[command]('nobody', false as never)).toEqual({ id: 'nobody', reason: expect.any(String) as string });
});

describe('supersede', () => {
  it.each(STATES.filter((state) => state !== 'compensating'))('replaces what is %s', (state) => {
    const { outbox, stopped } = makeBench();
    const operation = bringTo(outbox, queueUpload(outbox, 'a'), state);
    supersede(outbox.repos, 'main:drop/a', 'test', (running, reason) => stopped.push([running.seq, reason]));
    const now = reread(outbox, operation);
    if (isTerminal(state)) expect(now).toEqual(operation);
    else if (state === 'running') expect(now).toMatchObject({ state: 'running', ending: 'superseded' });
    else expect(now.state).toBe('superseded');
    expect(stopped).toEqual(state === 'running' ? [[operation.seq, 'superseded']] : []);
  });

  it('leaves alone what is being undone', () => {
    const { outbox } = makeBench();
    const undoing = bringTo(outbox, queueUpload(outbox, 'a.txt'), 'compensating');
    supersede(outbox.repos, 'main:drop/a.txt', 'the file changed', () => undefined);
    expect(reread(outbox, undoing).state).toBe('compensating');
  });

  it('keeps the first word: a cancelled one that still runs ends as cancelled', () => {
    const { outbox, stopped } = makeBench();
    const running = bringTo(outbox, queueUpload(outbox, 'a'), 'running', { ending: 'cancelled' });
    supersede(outbox.repos, 'main:drop/a', 'test', (seen, reason) => stopped.push([seen.seq, reason]));
    expect(reread(outbox, running).ending).toBe('cancelled');
    expect(stopped).toEqual([]);
  });

  it('leaves calls on the same resource, and other resources, alone', () => {
    const { outbox } = makeBench();
    const call = queueUpload(outbox, 'a', { ...CALL, resourceKeys: ['main:drop/a'] });
    const other = queueUpload(outbox, 'b');
    supersede(outbox.repos, 'main:drop/a', 'test', () => undefined);
    expect([reread(outbox, call).state, reread(outbox, other).state]).toEqual(['pending', 'pending']);
  });
});
