import { LongshoreError } from '../../core/longshore-error.ts';
import type { Clock, ObjectStore, StoreSurroundings } from '../../core/ports.ts';
import { Connections } from '../connections.ts';
import { attempts, ServiceClock } from './attempt.ts';
import { bucketAddress } from './bucket-address.ts';
import { createClient, userAgentOf } from './client.ts';
import { copyCalls } from './copy-calls.ts';
import { CredentialSource } from './credentials.ts';
import { leanCalls } from './lean-calls.ts';
import { LeanRequests, type BucketAddress } from './lean-requests.ts';
import { multipartCalls } from './multipart-calls.ts';
import { AMAZON_DIALECT, DEFAULT_S3_LIMITS, type S3Options } from './options.ts';
import { readObject } from './read-object.ts';
import { SendFiles } from './send-files.ts';
import { sdkCalls, type FrequentCalls } from './sdk-calls.ts';
import type { StoreContext } from './store-context.ts';
import { S3Transport } from './transport.ts';
import { presignedViewUrl, publicViewUrl } from './view-url.ts';
import { Wire } from './wire.ts';

/** For a store of its own: nothing is held back, and nobody listens. */
export const NO_SURROUNDINGS: StoreSurroundings = { throttle: { take: () => null }, onReply: () => {} };

/** One bucket on an S3-compatible service. Each method tries once; see the port for what it owes. */
export function createObjectStore(
  options: S3Options,
  clock: Pick<Clock, 'now'>,
  surroundings: StoreSurroundings = NO_SURROUNDINGS,
): ObjectStore {
  const limits = { ...DEFAULT_S3_LIMITS, ...options.limits };
  const dialect = options.dialect ?? AMAZON_DIALECT;
  const { bucket } = options;
  const connections = new Connections({
    maxSockets: limits.maxSockets,
    connectTimeoutMs: limits.connectTimeoutMs,
    ca: options.ca,
    proxyFor: options.proxyFor ?? (() => null),
  });
  const wire = new Wire(connections, limits, surroundings);
  const credentials = new CredentialSource(options.credentials, clock);
  const serviceClock = new ServiceClock(clock);
  const client = createClient(options, credentials, new S3Transport(wire, connections), serviceClock);
  const attempt = attempts(limits, clock, serviceClock, credentials);
  const context: StoreContext = { client, bucket, limits, dialect, attempt };

  const address = options.signing === 'sdk' ? null : bucketAddress(client, options);
  const frequent: FrequentCalls =
    address === null
      ? sdkCalls(context)
      : leanCalls(context, new LeanRequests(address, wire, userAgentOf(options)), credentials, serviceClock);
  const multipart = multipartCalls(context, options.prefix);
  const sender = address === null ? null : senderFor(address);

  function senderFor(bucketAt: BucketAddress): SendFiles | null {
    const { sendWorkerUrl: workerUrl, ca, proxyFor } = options;
    if (workerUrl === undefined) return null;
    const settings = { address: bucketAt, dialect, limits, ca, userAgent: userAgentOf(options) };
    const viaProxy = () => (proxyFor?.(bucketAt.origin) ?? null) !== null;
    return new SendFiles({ workerUrl, settings, attempt, credentials, clock: serviceClock, surroundings, viaProxy });
  }

  return {
    ...frequent,
    ...multipart,
    ...copyCalls(context),
    ...(sender === null ? {} : { sender }),
    read: readObject(context),

    async head(key, signal, versionId) {
      try {
        return await frequent.head(key, signal, versionId);
      } catch (error) {
        if (!(error instanceof LongshoreError)) throw error;
        const { status } = error.context;
        if (status === 404) return null;
        // A reply to HEAD has no words: the same keys ask for something that answers why.
        if (status !== undefined && status >= 300 && status < 500) await multipart.probe(signal);
        throw error;
      }
    },

    viewUrl: (key) =>
      options.publicUrl === null
        ? presignedViewUrl(client, bucket, key)
        : Promise.resolve(publicViewUrl(options.publicUrl, bucket, key)),

    refreshConnections: () => {
      connections.refresh();
      sender?.refresh();
    },
    close: () => {
      sender?.close();
      client.destroy();
    },
  };
}
