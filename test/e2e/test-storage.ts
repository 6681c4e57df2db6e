import { startStandIn, type StandIn } from '../support/s3-servers.ts';
import type { LoggedRequest } from '../../tools/s3/counters.ts';
import { isProbe, TestBucket } from '../support/s3-bucket.ts';

export const MIB = 1024 * 1024;
/** The least that S3 allows: many parts from a file of moderate size. */
export const PART_BYTES = 5 * MIB;
/** Parts of one file that travel at once, at most. */
export const PARTS_IN_FLIGHT = 3;

/** The storage of one test, with its own view of what came in. */
export interface TestStorage {
  readonly server: StandIn;
  readonly bucket: TestBucket;
  /** A configuration with one folder whose files go to `drop/`. */
  readonly configText: (folderDir: string) => string;
  /** Requests that have come in so far, whether or not they are answered yet. */
  arrivals(): number;
  /** Requests of one kind that are over, without those by which an engine finds out what the service can do. */
  requests(operation: LoggedRequest['operation']): readonly LoggedRequest[];
  /** Bytes of parts that came over the wire, those of broken requests included. */
  partBytes(): number;
  /** Parts that were stored. */
  partsStored(): number;
  /** Slows every part down to so many bytes per second; the returned function ends it. */
  slowParts(bytesPerSecond: number): () => void;
  close(): Promise<void>;
}

/** A storage that answers, with a bucket of its own. */
export async function startTestStorage(): Promise<TestStorage> {
  const server = await startStandIn();
  const bucket = await TestBucket.create(server);
  // A rule that changes nothing: it counts requests when they arrive, while the counters count answers.
  server.faults.add({ fault: { kind: 'latency', delayMs: 0 } });
  const requests = (wanted: LoggedRequest['operation']) =>
    server.counters.log().filter(({ operation, key }) => operation === wanted && !isProbe(key ?? ''));
  const partBytes = () => requests('UploadPart').reduce((sum, { requestBodyBytes }) => sum + requestBodyBytes, 0);
  return {
    server,
    bucket,
    requests,
    configText: (folderDir) => storageConfig(folderDir, server, bucket.name),
    arrivals: () => server.faults.rules()[0]?.seen ?? 0,
    partBytes,
    partsStored: () => requests('UploadPart').filter(({ status }) => status === 200).length,
    slowParts: (bytesPerSecond) =>
      server.faults.add({ operation: 'UploadPart', fault: { kind: 'bandwidth', bytesPerSecond } }),
    async close() {
      bucket.close();
      await server.close();
    },
  };
}

function storageConfig(folderDir: string, { endpoint, region, credentials }: StandIn, bucket: string): string {
  return JSON.stringify({
    device: 'testbox',
    folders: [{ name: 'drop', path: folderDir, destination: 'main', prefix: 'drop/', stability: '100ms' }],
    destinations: {
      main: {
        type: 's3',
        endpoint,
        region,
        bucket,
        forcePathStyle: true,
        credentials,
        partSizeMiB: PART_BYTES / MIB,
        limits: { partConcurrency: PARTS_IN_FLIGHT },
        retry: { initialDelay: '50ms', maxDelay: '500ms', jitter: 'none' },
      },
    },
  });
}
