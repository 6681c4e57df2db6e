import { hash, createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Checksum, ObjectAttributes, WriteCondition } from '../../core/ports.ts';
import { RefusedReply } from './classify-s3.ts';
import type { ServiceClock } from './attempt.ts';
import type { CredentialSource } from './credentials.ts';
import type { RawReply } from './exchange.ts';
import { bareEtag, partChecksum, remoteObject, requireEtag, writeReply } from './replies.ts';
import { replyFields } from './reply-fields.ts';
import type { FrequentCalls } from './sdk-calls.ts';
import { EMPTY_PAYLOAD_SHA256, encodeKey, encodeRfc3986, SigV4, UNSIGNED_PAYLOAD } from './sigv4.ts';
import { conditionOf, conditionTag, contentMd5, type StoreContext } from './store-context.ts';
import type { TransportOptions } from './transport.ts';
import { untilAborted } from './until-aborted.ts';
import type { Wire } from './wire.ts';

/** Where the objects of a bucket are, and how requests to them are signed. */
export interface BucketAddress {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly host: string;
  /** What stands before "/" and the key: nothing, the bucket, or a longer path. */
  readonly basePath: string;
  readonly signingRegion: string;
  readonly signingName: string;
}

/** Bodies above this are hashed in steps of this size, so that other work gets its turn. */
const HASH_STEP_BYTES = 8 * 1024 * 1024;

type Header = readonly [name: string, value: string];

/**
 * The requests that come by the thousand, signed and read by ourselves: the SDK's way through its middleware costs five
 * times the processor time. They are the same requests under the same conformance suite.
 */
export function leanCalls(
  context: StoreContext,
  address: BucketAddress,
  wire: Wire,
  credentials: CredentialSource,
  clock: ServiceClock,
  userAgent: string,
): FrequentCalls {
  const { dialect, attempt } = context;
  const signer = new SigV4(address.signingRegion, address.signingName);
  const secure = address.origin.startsWith('https:');

  async function send(
    method: 'HEAD' | 'PUT',
    key: string,
    query: string,
    headers: readonly Header[],
    body: Uint8Array | null,
    { abortSignal, exchange }: TransportOptions,
  ): Promise<RawReply> {
    const keys = credentials.literal ?? (await untilAborted(credentials.keys(), abortSignal));
    const payload = secure && body !== null ? UNSIGNED_PAYLOAD : await sha256(body, abortSignal);
    const path = `${address.basePath}/${encodeKey(key)}`;
    const signed = signer.sign({ method, host: address.host, path, query, headers, payload }, keys, clock.now());
    signed.push('user-agent', userAgent);
    if (body !== null) signed.push('content-length', String(body.length));
    const target = query === '' ? path : `${path}?${query}`;
    const reply = await wire.send(
      { method, origin: address.origin, path: target, headers: signed, body },
      exchange,
      abortSignal,
    );
    if (reply.status >= 300) throw new RefusedReply(reply.status);
    return reply;
  }

  function guard(body: Uint8Array, checksum: Checksum): Header[] {
    if (!dialect.checksums) return [['content-md5', contentMd5(body)]];
    return [
      ['x-amz-sdk-checksum-algorithm', checksum.algorithm],
      [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`, checksum.value],
    ];
  }

  function conditionHeaders(condition: WriteCondition | null): Header[] {
    if (condition === null) return [];
    return condition.kind === 'create'
      ? [['if-none-match', '*']]
      : [['if-match', conditionTag(dialect, bareEtag(condition.etag))]];
  }

  return {
    head: (key, signal, versionId) =>
      attempt({ subject: key, signal, heedsSignal: true }, async (transport) => {
        const query = versionId === undefined ? '' : `versionId=${encodeRfc3986(versionId)}`;
        return remoteObject(
          replyFields(await send('HEAD', key, query, [['x-amz-checksum-mode', 'ENABLED']], null, transport)),
        );
      }),

    put: (object, body, checksum, condition, onBytes, signal) =>
      attempt(
        { subject: object.key, signal, ...conditionOf(condition), onBytes, heedsSignal: true },
        async (transport) => {
          const headers = [...attributes(object), ...guard(body, checksum), ...conditionHeaders(condition)];
          return writeReply(replyFields(await send('PUT', object.key, '', headers, body, transport)));
        },
      ),

    uploadPart: (key, uploadId, number, body, checksum, onBytes, signal) =>
      attempt({ subject: key, signal, onBytes, heedsSignal: true }, async (transport) => {
        const query = `partNumber=${number}&uploadId=${encodeRfc3986(uploadId)}`;
        const fields = replyFields(await send('PUT', key, query, guard(body, checksum), body, transport));
        return { etag: requireEtag(fields.ETag), checksum: partChecksum(fields) };
      }),
  };
}

function attributes(object: ObjectAttributes): Header[] {
  const headers: Header[] = [['content-type', object.contentType]];
  for (const [name, value] of Object.entries(object.metadata)) {
    headers.push([`x-amz-meta-${name.toLowerCase()}`, value]);
  }
  return headers;
}

async function sha256(body: Uint8Array | null, signal: AbortSignal): Promise<string> {
  if (body === null) return EMPTY_PAYLOAD_SHA256;
  if (body.length <= HASH_STEP_BYTES) return hash('sha256', body, 'hex');
  const running = createHash('sha256');
  for (let offset = 0; offset < body.length; offset += HASH_STEP_BYTES) {
    running.update(body.subarray(offset, offset + HASH_STEP_BYTES));
    await nextTurn();
    signal.throwIfAborted();
  }
  return running.digest('hex');
}
