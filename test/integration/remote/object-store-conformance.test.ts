import { describe } from 'vitest';
import { createObjectStore } from '../../../src/remote/s3/object-store.ts';
import { describeObjectStoreConformance } from '../../support/object-store-conformance.ts';
import { startStandIn } from '../../support/s3-servers.ts';
import { systemClock } from '../../support/system-clock.ts';

const PART_BYTES = 64;

describe.each(['same', 'gone'] as const)('repeated Complete: %s', (repeatedComplete) => {
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
      },
      systemClock,
    );
    return { store, partSizeBytes: PART_BYTES, close: () => server.close() };
  });
});
