import { describe, expect, it } from 'vitest';
import { STATES } from '../../../src/core/states.ts';
import type { NewOperation } from '../../../src/db/operations-repo.ts';
import type { OperationChange, StoredVersion } from '../../../src/db/stored-operation.ts';
import { besideName, resolveConflict, type Keep } from '../../../src/sync/resolve-conflict.ts';
import { fingerprint, bringTo, makeOutbox, queueUpload, reread } from '../../support/outbox.ts';

const MINE: StoredVersion = { etag: 'base', versionId: null, sizeBytes: 5, lastModified: null };
const THEIRS: StoredVersion = { etag: 'theirs', versionId: 'v2', sizeBytes: 7, lastModified: 5 };

function makeBench(change: OperationChange = { base: MINE, remote: THEIRS }, made: Partial<NewOperation> = {}) {
  const outbox = makeOutbox();
  outbox.repos.files.put({
    folder: 'drop',
    dir: 'sub',
    name: 'a.txt',
    key: 'drop/sub/a.txt',
    fingerprint: fingerprint(1),
    sizeBytes: 100,
    mtimeMs: 0,
    base: { etag: 'base', versionId: null },
    checksum: 'CRC64NVME:x',
    operation: null,
  });
  const operation = bringTo(outbox, queueUpload(outbox, 'sub/a.txt', made), 'conflict', { attempts: 4, ...change });
  const resolve = (keep: Keep) =>
    resolveConflict({ repos: outbox.repos, now: outbox.clock.now(), device: 'laptop' }, operation.id, keep);
  const base = () => outbox.repos.files.get('drop', 'sub', 'a.txt');
  return { outbox, operation, resolve, base, now: () => reread(outbox, operation) };
}

describe('P4: a conflict of a file', () => {
  it('keep local: sends ours over exactly the version that the person saw', () => {
    const { resolve, now, base, outbox, operation } = makeBench();
    expect(resolve('local')).toBeNull();
    expect(now()).toMatchObject({ state: 'pending', attempts: 0, error: null });
    expect(base()).toMatchObject({ base: { etag: 'theirs', versionId: 'v2' }, checksum: null });
    expect(outbox.repos.events.latestOf(operation.id, 1)).toMatchObject([
      { type: 'resolved', source: 'external', details: { keep: 'local', base: MINE, remote: THEIRS } },
    ]);
  });

  it('keep local after they deleted it: creates it anew', () => {
    const { resolve, now, base } = makeBench({ base: MINE, remote: null });
    expect(resolve('local')).toBeNull();
    expect(now().state).toBe('pending');
    expect(base()?.base).toBeNull();
  });

  it('keep remote: sends nothing, and the next edit replaces theirs', () => {
    const { resolve, now, base } = makeBench();
    expect(resolve('remote')).toBeNull();
    expect(now()).toMatchObject({ state: 'succeeded', error: null, bytesDone: 0 });
    expect(base()).toMatchObject({ base: { etag: 'theirs' }, fingerprint: fingerprint(1) });
  });

  it('keep both: ours gets a name of its own, fixed now, and holds both resources', () => {
    const { resolve, now, outbox, operation } = makeBench();
    expect(resolve('both')).toBeNull();
    const key = 'drop/sub/a (conflict laptop 2026-03-01 12-00-00).txt';
    expect(now()).toMatchObject({ state: 'pending', target: key, spec: { key, beside: true, hashFirst: false } });
    const keys = outbox.db
      .prepare('SELECT resource_key FROM operation_keys WHERE operation_seq = ? ORDER BY 1')
      .pluck()
      .all(operation.seq);
    expect(keys).toEqual([`main:${key}`, 'main:drop/sub/a.txt']);
  });

  it('keep both needs another version', () => {
    const { resolve, now } = makeBench({ base: MINE, remote: null });
    expect(resolve('both')?.reason).toMatch(/no other version/);
    expect(now().state).toBe('conflict');
  });

  it('does not merge files', () => {
    const { resolve, now } = makeBench();
    expect(resolve('merge')?.reason).toMatch(/not available yet/);
    expect(now().state).toBe('conflict');
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
    const outbox = makeOutbox();
    const operation = bringTo(outbox, queueUpload(outbox, 'a'), state);
    const deps = { repos: outbox.repos, now: 0, device: 'laptop' };
    expect(resolveConflict(deps, operation.id, 'local')?.reason).toContain(state);
    expect(reread(outbox, operation)).toEqual(operation);
  });

  it('refuses what is not there', () => {
    const outbox = makeOutbox();
    expect(resolveConflict({ repos: outbox.repos, now: 0, device: 'x' }, 'nobody', 'local')).not.toBeNull();
  });
});

describe('besideName', () => {
  const at = Date.UTC(2026, 9, 2, 3, 4, 5, 678);
  const mark = '(conflict laptop 2026-10-02 03-04-05)';

  it.each([
    ['a.txt', `a ${mark}.txt`],
    ['dir.d/a', `dir.d/a ${mark}`],
    ['dir/.bashrc', `dir/.bashrc ${mark}`],
    ['x/archive.tar.gz', `x/archive.tar ${mark}.gz`],
    ['x/dot.', `x/dot ${mark}.`],
  ])('%s → %s', (key, expected) => {
    expect(besideName(key, 'laptop', at)).toBe(expected);
  });

  it('stays in its directory whatever the device is called', () => {
    expect(besideName('a/b.txt', '../my/laptop', at).split('/')).toHaveLength(2);
  });
});
