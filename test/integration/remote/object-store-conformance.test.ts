import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe } from 'vitest';
import { createObjectStore } from '../../../src/remote/s3/object-store.ts';
import { describeObjectStoreConformance } from '../../support/object-store-conformance.ts';
import { startMoto, startStandIn, type S3Process } from '../../support/s3-servers.ts';
import { systemClock } from '../../support/system-clock.ts';

const PART_BYTES = 64;

describe.each([
  { repeatedComplete: 'same', signing: 'lean' },
  { repeatedComplete: 'gone', signing: 'lean' },
  { repeatedComplete: 'same', signing: 'sdk' },
] as const)('repeated Complete: $repeatedComplete, signed by: $signing', ({ repeatedComplete, signing }) => {
  describeObjectStoreConformance('the S3 adapter over the stand-in', async () => {
    const server = await startStandIn({ buckets: ['demo'], minPartSizeBytes: PART_BYTES, repeatedComplete });
    const store = createObjectStore(
      {
        endpoint: server.endpoint,
        region: server.region,
        bucket: 'demo',
        forcePathStyle: true,
        credentials: { kind: 'literal', ...server.credentials, sessionToken: null },
        prefix: '',
        publicUrl: null,
        signing,
      },
      systemClock,
    );
    return { store, partSizeBytes: PART_BYTES, close: () => server.close() };
  });
});

const NO_CHECKSUMS = 'moto stores checksums without computing them, and none of parts and wholes';
const NO_COPY_CONDITIONS = 'moto ignores conditions on Copy';
const FAILS_INSIDE = 'moto fails inside on an unknown upload id';

/** See also `moto-deviations.ts` of the S3 checks. */
const MOTO_DEVIATIONS = {
  'refuses bytes that are not those of the checksum, and keeps nothing of them': NO_CHECKSUMS,
  'hold for Complete, and leave the upload open where they do not': 'moto ignores If-Match on Complete',
  'become one object with the checksum of the whole': NO_CHECKSUMS,
  'list their parts in order, with size, ETag and checksum': NO_CHECKSUMS,
  'refuse a part that is not that of its checksum': NO_CHECKSUMS,
  'refuse to complete with another checksum than that of the whole': NO_CHECKSUMS,
  'are known by key and id while they are open, and gone when aborted or completed': FAILS_INSIDE,
  'have the bytes of their source and the attributes that are given': NO_CHECKSUMS,
  'P4: are pinned to the version of their source': NO_COPY_CONDITIONS,
  'P4: hold to the condition on their target': NO_COPY_CONDITIONS,
  'can be parts of an upload, pinned as well': NO_COPY_CONDITIONS,
  'refuse a part of an upload that is not known': FAILS_INSIDE,
};

describe('a server that no one here wrote', () => {
  let moto: S3Process;
  let buckets = 0;
  beforeAll(async () => {
    moto = await startMoto();
  }, 180_000);
  afterAll(() => moto.close());

  describeObjectStoreConformance(
    'the S3 adapter over moto',
    async () => {
      const { endpoint, region, credentials } = moto;
      const bucket = `conformance-${++buckets}`;
      const client = new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true });
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      client.destroy();
      const store = createObjectStore(
        {
          endpoint,
          region,
          bucket,
          forcePathStyle: true,
          credentials: { kind: 'literal', ...credentials, sessionToken: null },
          prefix: '',
          publicUrl: null,
        },
        systemClock,
      );
      return { store, partSizeBytes: 5 * 1024 * 1024, close: () => Promise.resolve() };
    },
    MOTO_DEVIATIONS,
  );
});
