import { describe, expect, it } from 'vitest';
import { LongshoreError } from '../../../../src/core/longshore-error.ts';
import type { FileStat, RemoteObject, WriteCondition, WriteReply } from '../../../../src/core/ports.ts';
import { AutomaticDecisions } from '../../../../src/sync/conflicts/automatic-decisions.ts';
import type { ConflictRules } from '../../../../src/sync/conflicts/conflict-rules.ts';
import { discardLocal } from '../../../../src/sync/conflicts/discard-local.ts';
import { restoreVersion } from '../../../../src/sync/conflicts/restore-version.ts';
import type { Attempt, Outcome } from '../../../../src/sync/outcome.ts';
import type { UploadDeps, UploadTarget } from '../../../../src/sync/upload/upload-context.ts';
import { conflictBench, THEIRS } from '../../../support/conflicts.ts';
import { fingerprint, uploadSpecFor } from '../../../support/outbox.ts';

const KEY = 'drop/sub/a.txt';
const ATTEMPT: Attempt = {
  signal: new AbortController().signal,
  commitSignal: new AbortController().signal,
  progress: () => undefined,
};

function remoteObject(etag: string, operation = 'someone'): RemoteObject {
  return {
    etag,
    versionId: `v-${etag}`,
    sizeBytes: 7,
    lastModified: 1000,
    metadata: { 'longshore-op': operation },
    checksums: [],
    compositeChecksums: [],
    etagIsMd5: true,
  };
}

interface World {
  readonly rules?: Partial<ConflictRules>;
  /** What a look at the key finds, look by look; the last one stays. */
  readonly looks: (operation: string) => readonly (RemoteObject | null)[];
  readonly copy?: () => Promise<WriteReply>;
  readonly localFile?: boolean;
}

/** A running upload, and what its executor met and did. */
function makeWorld({ rules, looks, copy, localFile = true }: World) {
  const bench = conflictBench(rules, {}, {}, 'running');
  const queue = [...looks(bench.operation.id)];
  const trashed: string[] = [];
  const copies: { readonly from: string | null; readonly condition: WriteCondition; readonly metadata: object }[] = [];
  const target = {
    honours: () => true,
    store: {
      head: () => Promise.resolve(queue.length > 1 ? queue.shift() : queue[0]),
      copy: (from: { versionId: string | null }, object: { metadata: object }, condition: WriteCondition) => {
        copies.push({ from: from.versionId, condition, metadata: object.metadata });
        return copy === undefined ? Promise.reject(new Error('no copy was expected')) : copy();
      },
    },
  } as unknown as UploadTarget;
  const deps = {
    repos: bench.outbox.repos,
    conflicts: new AutomaticDecisions(bench.deps),
    files: { stat: () => Promise.resolve(localFile ? ({} as FileStat) : null) },
    changes: {
      trash: (path: string, expected: string) => {
        trashed.push(`${path} ${expected}`);
        return Promise.resolve();
      },
    },
  } as unknown as UploadDeps;
  const restore = () => restoreVersion(deps, bench.operation, THEIRS, target, ATTEMPT);
  const discard = () => discardLocal(deps, bench.operation, target, '/srv/drop/sub/a.txt', ATTEMPT);
  return { ...bench, trashed, copies, restore, discard };
}

function settle(outcome: Outcome): void {
  if (outcome.kind !== 'succeeded') throw new Error(`it ${outcome.kind}`);
  outcome.apply?.();
}

const errorOf = (outcome: Outcome) => (outcome.kind === 'failed' ? outcome.error.code : outcome.kind);
const reply = (etag: string): WriteReply => ({ etag, versionId: 'v9', checksums: [], etagIsMd5: true });

describe('P13: keep remote of what they deleted', () => {
  it('moves exactly the state that was decided about to the trash', async () => {
    const { discard, trashed, file } = makeWorld({ looks: () => [null] });
    settle(await discard());
    expect(trashed).toEqual([`/srv/drop/sub/a.txt ${fingerprint(1)}`]);
    expect(file()).toMatchObject({ fingerprint: null, base: null });
  });

  it('P5: has nothing left to do after a crash that came in between', async () => {
    const { discard, trashed } = makeWorld({ looks: () => [null], localFile: false });
    settle(await discard());
    expect(trashed).toEqual([]);
  });

  it('touches nothing when they put it there again', async () => {
    const { discard, trashed } = makeWorld({ looks: () => [remoteObject('again')] });
    expect(await discard()).toMatchObject({ kind: 'conflict', remote: { etag: 'again' } });
    expect(trashed).toEqual([]);
  });

  it('a newer local state keeps its row', async () => {
    const { discard, file, outbox } = makeWorld({ looks: () => [null] });
    const outcome = await discard();
    outbox.repos.files.put({ ...file(), fingerprint: fingerprint(2) });
    settle(outcome);
    expect(file().fingerprint).toBe(fingerprint(2));
  });
});

describe('P4: undo by a copy of the old version', () => {
  it('replaces exactly what the inventory knows, with the metadata that it had, and becomes the base', async () => {
    const { restore, copies, file, operation } = makeWorld({
      looks: () => [remoteObject('base')],
      copy: () => Promise.resolve(reply('back')),
    });
    settle(await restore());
    expect(copies).toEqual([
      {
        from: 'v2',
        condition: { kind: 'replace', etag: 'base' },
        metadata: { ...THEIRS.metadata, 'longshore-op': operation.id },
      },
    ]);
    expect(file().base).toEqual({ etag: 'back', versionId: 'v9' });
  });

  it('creates where nothing is', async () => {
    const { restore, copies } = makeWorld({ looks: () => [null], copy: () => Promise.resolve(reply('back')) });
    settle(await restore());
    expect(copies).toMatchObject([{ condition: { kind: 'create' } }]);
  });

  it('in mirror mode theirs comes here as well, and the base moves with it', async () => {
    const { restore, others, file } = makeWorld({
      rules: { mode: 'mirror' },
      looks: () => [remoteObject('base')],
      copy: () => Promise.resolve(reply('back')),
    });
    settle(await restore());
    expect(others()).toMatchObject([
      { kind: 'file.download', target: KEY, spec: { etag: 'back', replaces: fingerprint(1), reason: 'undo' } },
    ]);
    expect(file().base?.etag).toBe('base');
  });

  it('P5: recognises what an attempt did whose reply was lost', async () => {
    const { restore, copies, file } = makeWorld({ looks: (id) => [remoteObject('back', id)] });
    settle(await restore());
    expect(copies).toEqual([]);
    expect(file().base?.etag).toBe('back');
  });

  it.each([
    ['before it', () => [remoteObject('another')], undefined],
    [
      'right before it',
      () => [remoteObject('base'), remoteObject('another')],
      () => Promise.reject(new LongshoreError('s3.precondition-failed')),
    ],
  ] as const)('fails in words when another hand was there %s', async (_title, looks, copy) => {
    const { restore } = makeWorld({ looks, ...(copy === undefined ? {} : { copy }) });
    expect(errorOf(await restore())).toBe('undo.overtaken');
  });

  it('P11: fails in words when the service has not kept the version', async () => {
    const { restore } = makeWorld({
      looks: () => [remoteObject('base')],
      copy: () => Promise.reject(new LongshoreError('s3.no-such-key')),
    });
    expect(errorOf(await restore())).toBe('undo.version-gone');
  });

  it('leaves trouble of the service to the retry policy', async () => {
    const { restore } = makeWorld({
      looks: () => [remoteObject('base')],
      copy: () => Promise.reject(new LongshoreError('s3.slow-down')),
    });
    await expect(restore()).rejects.toMatchObject({ code: 's3.slow-down' });
  });
});

it('the key of these tests is that of the bench', () => {
  expect(uploadSpecFor(KEY).key).toBe(conflictBench().file().key);
});
