import { describe, expect, it } from 'vitest';
import { STATES } from '../../../src/core/states.ts';
import type { NewOperation } from '../../../src/db/new-operation.ts';
import type { OperationChange, StoredOperation } from '../../../src/db/stored-operation.ts';
import { resolveConflict, type Keep } from '../../../src/sync/resolve-conflict.ts';
import type { ConflictRules } from '../../../src/sync/conflicts/conflict-rules.ts';
import type { MoveSpec } from '../../../src/sync/specs.ts';
import { conflictBench, MINE, THEIR_MTIME, THEIRS } from '../../support/conflicts.ts';
import { fingerprint, uploadSpecFor } from '../../support/outbox.ts';

function makeBench(
  change?: OperationChange,
  made?: Partial<NewOperation>,
  rules?: Partial<ConflictRules>,
  state?: StoredOperation['state'],
) {
  const bench = conflictBench(rules, change, made, state);
  return { ...bench, resolve: (keep: Keep) => resolveConflict(bench.deps, bench.operation.id, keep) };
}

describe('P4: a conflict of a file', () => {
  it('keep local: sends ours over exactly the version that the person saw', () => {
    const { resolve, now, file, lastEvent } = makeBench();
    expect(resolve('local')).toBeNull();
    expect(now()).toMatchObject({ state: 'pending', attempts: 0, error: null });
    expect(file()).toMatchObject({ base: { etag: 'theirs', versionId: 'v2' }, checksum: null });
    expect(lastEvent()).toMatchObject({
      type: 'resolved',
      source: 'external',
      details: { keep: 'local', strategy: null, base: MINE, remote: THEIRS, here: 'edited', key: 'drop/sub/a.txt' },
    });
  });

  it('keep local after they deleted it: creates it anew', () => {
    const { resolve, now, file } = makeBench({ base: MINE, remote: null });
    expect(resolve('local')).toBeNull();
    expect(now().state).toBe('pending');
    expect(file().base).toBeNull();
  });

  it('keep remote: sends nothing, and the next edit replaces theirs', () => {
    const { resolve, now, file, others } = makeBench();
    expect(resolve('remote')).toBeNull();
    expect(now()).toMatchObject({ state: 'succeeded', error: null, bytesDone: 0 });
    expect(file()).toMatchObject({ base: { etag: 'theirs' }, fingerprint: fingerprint(1) });
    expect(others()).toEqual([]);
  });

  it('keep both: ours gets a name of its own, fixed now, and holds both resources', () => {
    const { resolve, now, outbox, operation, lastEvent } = makeBench();
    expect(resolve('both')).toBeNull();
    const key = 'drop/sub/a (conflict laptop 2026-03-01 12-00-00).txt';
    expect(now()).toMatchObject({ state: 'pending', target: key, spec: { key, beside: true, hashFirst: false } });
    expect(lastEvent().details).toMatchObject({ keep: 'both', key: 'drop/sub/a.txt', besideKey: key });
    const keys = outbox.db
      .prepare('SELECT resource_key FROM operation_keys WHERE operation_seq = ? ORDER BY 1')
      .pluck()
      .all(operation.seq);
    expect(keys).toEqual([`main:${key}`, 'main:drop/sub/a.txt']);
  });

  it('keep both takes no name that a file of ours has', () => {
    const { resolve, now, outbox, file } = makeBench();
    const taken = 'drop/sub/a (conflict laptop 2026-03-01 12-00-00).txt';
    outbox.repos.files.put({ ...file(), name: 'taken', key: taken });
    expect(resolve('both')).toBeNull();
    expect(now().target).toBe('drop/sub/a (conflict laptop 2026-03-01 12-00-00 2).txt');
  });

  it('keep both needs another version, and room for its name', () => {
    const { resolve, now } = makeBench({ base: MINE, remote: null });
    expect(resolve('both')?.reason).toMatch(/no other version/);
    expect(now().state).toBe('conflict');
    const key = `${'d/'.repeat(505)}a.txt`;
    const long = makeBench(undefined, { target: key, spec: uploadSpecFor(key) });
    expect(long.resolve('both')?.reason).toMatch(/too long/);
    expect(long.now().state).toBe('conflict');
  });

  it('does not merge files', () => {
    const { resolve, now } = makeBench();
    expect(resolve('merge')?.reason).toMatch(/not available yet/);
    expect(now().state).toBe('conflict');
  });
});

describe('P13: keep remote in mirror mode', () => {
  const MIRROR = { mode: 'mirror' } as const;

  it('brings theirs, in the place of exactly the state that was in conflict', () => {
    const { resolve, now, others, file, lastEvent } = makeBench(undefined, undefined, MIRROR);
    expect(resolve('remote')).toBeNull();
    expect(now().state).toBe('succeeded');
    const [download] = others();
    expect(download).toMatchObject({
      kind: 'file.download',
      state: 'pending',
      path: 'sub/a.txt',
      target: 'drop/sub/a.txt',
      resourceKey: 'main:drop/sub/a.txt',
      bytesTotal: 7,
      spec: {
        key: 'drop/sub/a.txt',
        etag: 'theirs',
        versionId: 'v2',
        sizeBytes: 7,
        mtimeMs: THEIR_MTIME,
        replaces: fingerprint(1),
        reason: 'keep-remote',
      },
    });
    expect(lastEvent().details).toMatchObject({ keep: 'remote', download: download?.id });
    // Until theirs is here, an edit of ours has to be a conflict again.
    expect(file().base).toEqual({ etag: 'base', versionId: null });
  });

  it('of what they deleted: ours goes to the trash, never away for good', () => {
    const { resolve, now, lastEvent } = makeBench({ base: MINE, remote: null }, undefined, MIRROR);
    expect(resolve('remote')).toBeNull();
    expect(now()).toMatchObject({ state: 'pending', spec: { discard: true } });
    expect(lastEvent().details).toMatchObject({ keep: 'remote', discards: true });
  });

  it('an earlier choice to let the file go does not bind the next one', () => {
    const made = { spec: uploadSpecFor('drop/sub/a.txt', { discard: true }) };
    const { resolve, now } = makeBench(undefined, made, MIRROR);
    expect(resolve('local')).toBeNull();
    expect(now().spec).not.toHaveProperty('discard');
  });
});

describe('P4: a conflict of a delete', () => {
  const DELETE: Partial<NewOperation> = { kind: 'file.delete', spec: { key: 'drop/sub/a.txt' }, bytesTotal: 0 };

  it('keep local: deletes exactly the version that was seen', () => {
    const { resolve, now, file, lastEvent } = makeBench(undefined, DELETE);
    expect(resolve('local')).toBeNull();
    expect(now()).toMatchObject({ state: 'pending', kind: 'file.delete', attempts: 0 });
    expect(file().base?.etag).toBe('theirs');
    expect(lastEvent().details).toMatchObject({ keep: 'local', here: 'gone', local: null });
  });

  it('keep remote: theirs stays, and comes back here in mirror mode', () => {
    const drop = makeBench(undefined, DELETE);
    expect(drop.resolve('remote')).toBeNull();
    expect(drop.now().state).toBe('succeeded');
    expect(drop.others()).toEqual([]);
    const mirror = makeBench(undefined, DELETE, { mode: 'mirror' });
    expect(mirror.resolve('remote')).toBeNull();
    expect(mirror.others()).toMatchObject([{ kind: 'file.download', spec: { etag: 'theirs', replaces: null } }]);
  });

  it('there are no two versions to keep', () => {
    const { resolve, now } = makeBench(undefined, DELETE);
    expect(resolve('both')?.reason).toMatch(/not here any more/);
    expect(now().state).toBe('conflict');
  });
});

describe('P4: a conflict of a move', () => {
  const spec: MoveSpec = {
    ...uploadSpecFor('drop/sub/a.txt'),
    fromKey: 'drop/old.txt',
    fromPath: 'old.txt',
    deleteSource: true,
  };
  const MOVE: Partial<NewOperation> = { kind: 'file.move', spec };

  function moveBench(placed: boolean, rules?: Partial<ConflictRules>) {
    const memo = placed ? { placed: { etag: 'new', versionId: null } } : {};
    const bench = makeBench({ base: MINE, remote: THEIRS, memo }, MOVE, rules);
    const { repos, clock } = bench.outbox;
    repos.files.put({
      ...bench.file(),
      dir: '',
      name: 'old.txt',
      key: 'drop/old.txt',
      base: { etag: 'base', versionId: null },
    });
    repos.tombstones.bury('drop', '', 'old.txt', { goneAt: clock.now(), identity: null, deleteRemote: false });
    const old = () => repos.files.get('drop', '', 'old.txt');
    return { ...bench, old, tombstone: () => repos.tombstones.get('drop', '', 'old.txt') };
  }

  it('about the new name: keep local replaces what stands there', () => {
    const { resolve, now, file, old } = moveBench(false);
    expect(resolve('local')).toBeNull();
    expect(now().state).toBe('pending');
    expect([file().base?.etag, old()?.base?.etag]).toEqual(['theirs', 'base']);
  });

  it('about the new name: keep remote leaves it, and the old name still goes', () => {
    const { resolve, now, file, tombstone } = moveBench(false);
    expect(resolve('remote')).toBeNull();
    expect(now().state).toBe('succeeded');
    expect(file().base?.etag).toBe('theirs');
    expect(tombstone()?.deleteRemote).toBe(true);
  });

  it('about the old name: keep local deletes their newer version', () => {
    const { resolve, now, file, old, lastEvent } = moveBench(true);
    expect(resolve('local')).toBeNull();
    expect(now().state).toBe('pending');
    expect([file().base?.etag, old()?.base?.etag]).toEqual(['base', 'theirs']);
    expect(lastEvent().details).toMatchObject({ here: 'gone', key: 'drop/old.txt', path: 'old.txt' });
  });

  it('about the old name: keep remote leaves theirs there, and brings it here in mirror mode', () => {
    const { resolve, now, others } = moveBench(true, { mode: 'mirror' });
    expect(resolve('remote')).toBeNull();
    expect(now().state).toBe('succeeded');
    expect(others()).toMatchObject([
      { kind: 'file.download', path: 'old.txt', target: 'drop/old.txt', spec: { replaces: null } },
    ]);
  });
});

describe('P4: a conflict of a record', () => {
  const CALL: Partial<NewOperation> = {
    kind: 'api.call',
    lane: 'provider:crm',
    provider: 'crm',
    folder: null,
    path: null,
    destination: null,
    spec: { method: 'PUT', ifMatch: 'base', timeoutMs: 1000 },
  };

  it('keep local: sends the call again for the version that is there now', () => {
    const { resolve, now } = makeBench({ base: MINE, remote: THEIRS, memo: { unsettled: true } }, CALL);
    expect(resolve('local')).toBeNull();
    expect(now()).toMatchObject({
      state: 'pending',
      attempts: 0,
      memo: {},
      spec: { ifMatch: 'theirs', method: 'PUT' },
    });
  });

  it('keep local needs to know that version', () => {
    const { resolve, now } = makeBench({ base: MINE, remote: null }, CALL);
    expect(resolve('local')?.reason).toMatch(/not known/);
    expect(now().state).toBe('conflict');
  });

  it('keep remote: sends nothing', () => {
    const { resolve, now } = makeBench({ base: MINE, remote: THEIRS }, CALL);
    expect(resolve('remote')).toBeNull();
    expect(now()).toMatchObject({ state: 'succeeded', error: null });
  });

  it('can’t keep both', () => {
    const { resolve, now } = makeBench({ base: MINE, remote: THEIRS }, CALL);
    expect(resolve('both')?.reason).toMatch(/one version/);
    expect(now().state).toBe('conflict');
  });
});

describe('resolveConflict', () => {
  it.each(STATES.filter((state) => state !== 'conflict'))('refuses what is %s', (state) => {
    const { resolve, now, operation } = makeBench({}, undefined, undefined, state);
    expect(resolve('local')?.reason).toContain(state);
    expect(now()).toEqual(operation);
  });

  it('refuses what is not there', () => {
    expect(resolveConflict(makeBench().deps, 'nobody', 'local')).not.toBeNull();
  });
});
