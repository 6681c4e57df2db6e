import { checksumOf } from '../../src/core/checksum.ts';
import { LongshoreError } from '../../src/core/longshore-error.ts';
import type { ObjectStore, OnBytes, StoreSurroundings, WriteReply } from '../../src/core/ports.ts';
import { createObjectStore } from '../../src/remote/s3/object-store.ts';
import type { S3Options } from '../../src/remote/s3/options.ts';
import { systemClock } from './system-clock.ts';

const NEVER = new AbortController().signal;

/** A store with short limits on the bucket "demo" of any server, by path. */
export function storeAt(
  endpoint: string,
  more: Partial<S3Options> = {},
  surroundings?: StoreSurroundings,
  clock: { now(): number } = systemClock,
): ObjectStore {
  return createObjectStore(
    {
      endpoint,
      region: 'us-east-1',
      bucket: 'demo',
      forcePathStyle: true,
      credentials: {
        kind: 'literal',
        accessKeyId: 'AKIDTEST',
        secretAccessKey: 'test-only-secret',
        sessionToken: null,
      },
      prefix: '',
      publicUrl: null,
      limits: { connectTimeoutMs: 300, stallTimeoutMs: 300, replyTimeoutMs: 400, completeTimeoutMs: 400 },
      ...more,
    },
    clock,
    surroundings,
  );
}

/** Creates "a.bin". */
export async function putBytes(
  store: ObjectStore,
  bytes: Uint8Array,
  onBytes: OnBytes = () => {},
  signal = NEVER,
): Promise<WriteReply> {
  const checksum = await checksumOf('CRC64NVME', bytes);
  const object = { key: 'a.bin', contentType: 'application/octet-stream', metadata: {} };
  return await store.put(object, bytes, checksum, { kind: 'create' }, onBytes, signal);
}

export async function failure(work: Promise<unknown>): Promise<LongshoreError> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof LongshoreError)) throw error;
  return error;
}
