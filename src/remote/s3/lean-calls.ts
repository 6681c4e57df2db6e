import type { ServiceClock } from './attempt.ts';
import type { CredentialSource } from './credentials.ts';
import type { RawReply } from './exchange.ts';
import { guard, putHeaders, type LeanRequest, type LeanRequests } from './lean-requests.ts';
import { partChecksum, remoteObject, requireEtag, writeReply } from './replies.ts';
import { replyFields } from './reply-fields.ts';
import type { FrequentCalls } from './sdk-calls.ts';
import { encodeRfc3986 } from './sigv4.ts';
import { conditionOf, type StoreContext } from './store-context.ts';
import type { TransportOptions } from './transport.ts';
import { untilAborted } from './until-aborted.ts';

/**
 * The requests that come by the thousand, signed and read by ourselves: the SDK's way through its middleware costs five
 * times the processor time. They are the same requests under the same conformance suite.
 */
export function leanCalls(
  context: StoreContext,
  requests: LeanRequests,
  credentials: CredentialSource,
  clock: ServiceClock,
): FrequentCalls {
  const { dialect, attempt } = context;
  const now = () => clock.now();

  async function send(request: LeanRequest, transport: TransportOptions): Promise<RawReply> {
    const keys = credentials.literal ?? (await untilAborted(credentials.keys(), transport.abortSignal));
    return requests.send(request, keys, now, transport);
  }

  return {
    head: (key, signal, versionId) =>
      attempt({ subject: key, signal, heedsSignal: true }, async (transport) => {
        const query = versionId === undefined ? '' : `versionId=${encodeRfc3986(versionId)}`;
        const headers = [['x-amz-checksum-mode', 'ENABLED']] as const;
        return remoteObject(replyFields(await send({ method: 'HEAD', key, query, headers, body: null }, transport)));
      }),

    put: (object, body, checksum, condition, onBytes, signal) =>
      attempt(
        { subject: object.key, signal, ...conditionOf(condition), onBytes, heedsSignal: true },
        async (transport) => {
          const headers = putHeaders(dialect, object, body, checksum, condition);
          const request = { method: 'PUT', key: object.key, query: '', headers, body } as const;
          return writeReply(replyFields(await send(request, transport)));
        },
      ),

    uploadPart: (key, uploadId, number, body, checksum, onBytes, signal) =>
      attempt({ subject: key, signal, onBytes, heedsSignal: true }, async (transport) => {
        const query = `partNumber=${number}&uploadId=${encodeRfc3986(uploadId)}`;
        const headers = guard(dialect, body, checksum);
        const fields = replyFields(await send({ method: 'PUT', key, query, headers, body }, transport));
        return { etag: requireEtag(fields.ETag), checksum: partChecksum(fields) };
      }),
  };
}
