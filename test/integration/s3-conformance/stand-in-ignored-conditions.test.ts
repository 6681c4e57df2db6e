import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checksumOf, combineChecksums } from '../../../src/core/checksum.ts';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import type { ObjectStore } from '../../../src/core/ports.ts';
import { CONDITIONAL_METHODS, type ConditionalMethod } from '../../../tools/s3/ignored-conditions.ts';
import { putBytes, storeAt } from '../../support/s3-store.ts';
import { StandInControl } from '../../support/stand-in-control.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';

const NEVER = new AbortController().signal;
const STALE = '0'.repeat(32);
const TOKEN = 'test-only-token';

let server: StandIn;
let store: ObjectStore;

beforeAll(async () => {
  server = await startStandIn({ buckets: ['demo'], minPartSizeBytes: 1, control: { token: TOKEN } });
  store = storeAt(server.endpoint);
});
afterAll(async () => {
  store.close();
  await server.close();
});

/** One conditional request of each method whose condition does not hold. */
const ATTEMPTS: Readonly<Record<ConditionalMethod, () => Promise<unknown>>> = {
  put: () => putBytes(store, Buffer.from('mine')),
  async complete() {
    const object = { key: 'a.bin', contentType: 'a/b', metadata: {} };
    const { uploadId } = await store.createUpload(object, 'CRC64NVME', NEVER);
    const bytes = Buffer.from('mine');
    const checksum = await checksumOf('CRC64NVME', bytes);
    const { etag } = await store.uploadPart('a.bin', uploadId, 1, bytes, checksum, () => {}, NEVER);
    const parts = [{ number: 1, etag, checksum, sizeBytes: bytes.length }];
    const whole = combineChecksums('CRC64NVME', parts);
    return store.completeUpload('a.bin', uploadId, parts, whole, { kind: 'create' }, NEVER);
  },
  copy: () =>
    store.copy(
      { key: 'from', etag: STALE, versionId: null },
      { key: 'a.bin', contentType: 'a/b', metadata: {} },
      { kind: 'create' },
      NEVER,
    ),
  delete: () => store.remove('a.bin', STALE, NEVER),
};

describe('a service that takes conditions and ignores them', () => {
  it.each(CONDITIONAL_METHODS)('for %s alone', async (ignored) => {
    for (const method of CONDITIONAL_METHODS) {
      server.ignoredConditions.clear();
      await store.remove('a.bin', null, NEVER);
      await putBytes(store, Buffer.from('theirs'));
      const bytes = Buffer.from('source');
      await store.remove('from', null, NEVER);
      const checksum = await checksumOf('CRC64NVME', bytes);
      const from = { key: 'from', contentType: 'a/b', metadata: {} };
      await store.put(from, bytes, checksum, { kind: 'create' }, () => {}, NEVER);

      server.ignoredConditions.add(ignored);
      const work = ATTEMPTS[method]();
      if (method === ignored) await expect(work, method).resolves.toBeDefined();
      else await expect(work, method).rejects.toBeInstanceOf(LongshoreError);
    }
  });

  it('can be made over the control path as well, by names that are known', async () => {
    const control = new StandInControl(server.endpoint, TOKEN);
    expect(await control.ignoreConditions(['put', 'delete'])).toEqual(['put', 'delete']);
    expect([...server.ignoredConditions]).toEqual(['put', 'delete']);
    await expect(control.ignoreConditions(['post'])).rejects.toThrow(/put, complete, copy, delete/);
    expect(await control.ignoreConditions([])).toEqual([]);
  });
});
