import { describe, expect, it } from 'vitest';
import { checksumOf } from '../../../../src/core/checksum.ts';
import type { Fingerprint } from '../../../../src/core/fingerprint.ts';
import type {
  FileSender,
  ObjectStore,
  RemoteObject,
  SentFile,
  WantedFile,
  WriteCondition,
} from '../../../../src/core/ports.ts';
import { Permits } from '../../../../src/resilience/permits.ts';
import { singlePut } from '../../../../src/sync/upload/single-put.ts';
import { SourceFile } from '../../../../src/sync/upload/source-file.ts';
import type { UploadRun, UploadTarget } from '../../../../src/sync/upload/upload-context.ts';

const BYTES = Buffer.from('content');
const FINGERPRINT = 'f' as Fingerprint;
const OBJECT = { key: 'k', contentType: 'text/plain', metadata: {} };
const CREATE: WriteCondition = { kind: 'create' };

interface Log {
  readonly sends: { readonly wanted: WantedFile; readonly condition: WriteCondition | null; readonly inUse: number }[];
  readonly puts: { readonly body: string; readonly condition: WriteCondition | null }[];
}

async function rig(
  answer: SentFile | null,
  options: { readonly ready?: boolean; readonly sizeBytes?: number; readonly honours?: boolean } = {},
) {
  const checksum = await checksumOf('CRC64NVME', BYTES);
  const log: Log = { sends: [], puts: [] };
  const permits = new Permits(1);
  let arrived = false;
  const sender: FileSender = {
    isReady: () => options.ready ?? true,
    send: (_, wanted, condition) => {
      log.sends.push({ wanted, condition, inUse: permits.inUse });
      arrived = options.honours === false;
      return Promise.resolve(answer);
    },
  };
  const store: Partial<ObjectStore> = {
    sender,
    head: () => Promise.resolve(arrived ? ({ etag: 'sent' } as RemoteObject) : null),
    put: (_, body, __, condition) => {
      log.puts.push({ body: Buffer.from(body).toString(), condition });
      return Promise.resolve({ etag: 'put', versionId: null, checksums: [], etagIsMd5: false });
    },
  };
  const files = { readWhole: () => Promise.resolve({ bytes: BYTES, checksum }) };
  const target = { store, transfers: permits, checksumAlgorithm: 'CRC64NVME', honours: () => options.honours ?? true };
  const run = {
    deps: { clock: { monotonicMs: () => 0 } },
    operation: { id: 'op', lane: 'folder:drop' },
    target: target as unknown as UploadTarget,
    attempt: { signal: new AbortController().signal, progress: () => undefined },
    source: new SourceFile(files as never, '/a', FINGERPRINT, options.sizeBytes ?? BYTES.length),
  } as unknown as UploadRun;
  return { run, log, permits, checksum };
}

const SENT = { reply: { etag: 'sent', versionId: null, checksums: [], etagIsMd5: false }, waitedMs: 1 } as const;

describe('a small file', () => {
  it('goes through the sender where there is one that takes it, under a permit and the condition', async () => {
    const checksum = await checksumOf('CRC64NVME', Buffer.from('other'));
    const { run, log, permits } = await rig({ ...SENT, checksum });
    expect(await singlePut(run, OBJECT, CREATE)).toEqual({ reply: SENT.reply, checksum, partSizeBytes: null });
    const wanted = { path: '/a', fingerprint: FINGERPRINT, sizeBytes: BYTES.length, algorithm: 'CRC64NVME' };
    expect(log).toEqual({ sends: [{ wanted, condition: CREATE, inUse: 1 }], puts: [] });
    expect(permits.inUse).toBe(0);
  });

  it('P5: is sent in the other way, under the same condition, when the sender is lost', async () => {
    const { run, log, checksum } = await rig(null);
    expect(await singlePut(run, OBJECT, CREATE)).toMatchObject({ reply: { etag: 'put' }, checksum });
    expect(log.puts).toEqual([{ body: 'content', condition: CREATE }]);
  });

  it('P4: is looked for anew when the sender is lost and the service knows no conditions', async () => {
    const { run, log } = await rig(null, { honours: false });
    expect(await singlePut(run, OBJECT, CREATE)).toBeNull();
    expect(log).toMatchObject({ sends: [{ inUse: 1 }], puts: [] });
  });

  it('is sent as always while the sender takes nothing', async () => {
    const { run, log } = await rig(null, { ready: false });
    expect(await singlePut(run, OBJECT, CREATE)).toMatchObject({ reply: { etag: 'put' } });
    expect(log).toMatchObject({ sends: [], puts: [{ body: 'content' }] });
  });
});
