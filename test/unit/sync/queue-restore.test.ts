import { describe, expect, it } from 'vitest';
import type { OperationKind } from '../../../src/core/operation.ts';
import type { FileStat, RemoteObject } from '../../../src/core/ports.ts';
import type { State } from '../../../src/core/states.ts';
import { queueRestore, type Restore } from '../../../src/sync/queue-restore.ts';
import { bringTo, fingerprint, makeOutbox, queueUpload, reread } from '../../support/outbox.ts';

const REMOTE: RemoteObject = {
  etag: 'e1',
  versionId: null,
  sizeBytes: 7,
  lastModified: 5000,
  metadata: { 'longshore-mtime': '4000' },
  checksums: [],
  compositeChecksums: [],
  etagIsMd5: true,
};
const PRESENT: FileStat = { kind: 'file', sizeBytes: 100, mtimeMs: 0, ctimeMs: 0, fingerprint: fingerprint(1) };

function bench() {
  const outbox = makeOutbox();
  const restore = (patch: Partial<Restore> = {}) =>
    queueRestore(
      { ...outbox, stopRunning: () => undefined, contentTypeOf: () => 'text/plain' },
      {
        folder: 'drop',
        destination: 'main',
        priority: 'high',
        key: 'drop/a.txt',
        path: 'a.txt',
        remote: REMOTE,
        over: undefined,
        present: null,
        ...patch,
      },
    );
  return { outbox, restore };
}

describe('restore', () => {
  it('queues the download of what is there, with the time that the file had', () => {
    const { outbox, restore } = bench();
    const result = restore({ present: PRESENT });
    if (!result.ok) throw new Error(result.message);
    expect(reread(outbox, result.operation)).toMatchObject({
      kind: 'file.download',
      state: 'pending',
      priority: 'high',
      bytesTotal: 7,
      resourceKey: 'main:drop/a.txt',
      spec: { etag: 'e1', mtimeMs: 4000, replaces: fingerprint(1), reason: 'restore' },
    });
  });

  it('takes the place of a delete that waits', () => {
    const { outbox, restore } = bench();
    const waiting = queueUpload(outbox, 'a.txt', { kind: 'file.delete' });
    expect(restore().ok).toBe(true);
    expect(reread(outbox, waiting).state).toBe('superseded');
  });

  it('P2: is refused where another file is still to go there, also after it failed', () => {
    const { outbox, restore } = bench();
    const other = bringTo(outbox, queueUpload(outbox, 'a.txt', { path: 'b.txt' }), 'failed');
    const result = restore();
    expect(result.ok || result.message).toMatch(/b\.txt is to go there/);
    expect(reread(outbox, other).state).toBe('failed');
  });

  it.each<[OperationKind, State, RegExp]>([
    ['file.upload', 'conflict', /in conflict/],
    ['file.upload', 'pending', /on its way to the storage/],
    ['file.move', 'waiting', /on its way to the storage/],
    ['file.download', 'pending', /being restored already/],
  ])('waits for its turn behind a %s that is %s: it is refused', (kind, state, words) => {
    const { outbox, restore } = bench();
    const open = bringTo(outbox, queueUpload(outbox, 'a.txt', { kind }), state);
    const result = restore();
    expect(result).toMatchObject({ ok: false });
    expect(result.ok ? '' : result.message).toMatch(words);
    expect(reread(outbox, open).state).toBe(state);
  });

  it('refuses what is here already, but not an older version of it', () => {
    const { outbox, restore } = bench();
    outbox.repos.files.put({
      folder: 'drop',
      dir: '',
      name: 'a.txt',
      key: 'drop/a.txt',
      fingerprint: fingerprint(1),
      sizeBytes: 100,
      mtimeMs: 0,
      base: { etag: 'e1', versionId: null },
      checksum: null,
      operation: null,
    });
    expect(restore({ present: PRESENT })).toMatchObject({ ok: false });
    expect(restore({ present: PRESENT, over: null })).toMatchObject({ ok: true });
  });

  it('refuses where something that is no file stands', () => {
    expect(bench().restore({ present: { ...PRESENT, kind: 'directory' } })).toMatchObject({ ok: false });
  });
});
