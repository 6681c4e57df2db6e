import { describe, expect, it } from 'vitest';
import type { RemoteObject } from '../../../../src/core/ports.ts';
import type { StoredFile } from '../../../../src/db/files-repo.ts';
import { copyObject } from '../../../../src/sync/move/copy-object.ts';
import type { UploadRun } from '../../../../src/sync/upload/upload-context.ts';

const CHECKSUM = { algorithm: 'CRC64NVME', value: 'same' } as const;
const FROM = {
  key: 'old',
  sizeBytes: 7,
  base: { etag: 'ours', versionId: null },
  checksum: `${CHECKSUM.algorithm}:${CHECKSUM.value}`,
} as StoredFile;

/** A copy from `old` to `new`; `source` is what stands at the old key, look by look (the last one stays). */
async function copied(honoured: boolean, ...source: readonly (string | null)[]) {
  const looks = [...source];
  const calls: string[] = [];
  const head = (key: string) => {
    calls.push(`look at ${key}`);
    const etag = key === 'new' ? null : looks.length > 1 ? looks.shift() : looks[0];
    return Promise.resolve((etag ?? null) === null ? null : ({ etag } as RemoteObject));
  };
  const copy = () => {
    calls.push('copy');
    return Promise.resolve({ etag: 'ours', versionId: null, checksums: [], etagIsMd5: true });
  };
  const run = {
    operation: { id: 'op', lane: 'folder:drop', contentType: null },
    spec: { key: 'new', mtimeMs: 0, originalName: null },
    source: {
      sizeBytes: 7,
      checksum: () => Promise.resolve(CHECKSUM),
      checkInPlace: () => Promise.resolve(void calls.push('look at the file')),
    },
    target: {
      device: 'desk',
      honours: () => honoured,
      store: { head, copy },
      transfers: { acquire: () => Promise.resolve(() => undefined) },
    },
    attempt: { signal: new AbortController().signal, commitSignal: new AbortController().signal },
  } as unknown as UploadRun;
  return { written: await copyObject(run, FROM, { kind: 'create' }, 1000), calls };
}

describe('P3: a copy at a service that does not pin its source', () => {
  it('looks at the source last, right before the copy', async () => {
    const { written, calls } = await copied(false, 'ours');
    expect(written?.checksum).toEqual(CHECKSUM);
    expect(calls).toEqual(['look at new', 'look at the file', 'look at old', 'copy']);
  });

  it.each([
    ['is another by then', 'theirs'],
    ['is gone by then', null],
  ])('copies nothing when the source %s: the bytes are sent', async (_title, etag) => {
    const { written, calls } = await copied(false, etag);
    expect(written).toBeNull();
    expect(calls).not.toContain('copy');
  });

  it('asks nothing where the service pins source and target itself', async () => {
    const { calls } = await copied(true, 'ours');
    expect(calls).toEqual(['look at the file', 'copy']);
  });
});
