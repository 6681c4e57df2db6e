import { hash, createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Checksum, EpochMs, ObjectAttributes, WriteCondition } from '../../core/ports.ts';
import { RefusedReply } from './classify-s3.ts';
import type { RawReply } from './exchange.ts';
import type { AwsKeys, S3Dialect } from './options.ts';
import { bareEtag } from './replies.ts';
import { EMPTY_PAYLOAD_SHA256, encodeKey, SigV4, UNSIGNED_PAYLOAD } from './sigv4.ts';
import { conditionTag, contentMd5 } from './store-context.ts';
import type { TransportOptions } from './transport.ts';
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

export type Header = readonly [name: string, value: string];

export interface LeanRequest {
  readonly method: 'HEAD' | 'PUT';
  readonly key: string;
  /** Percent-encoded, names sorted; without "?". */
  readonly query: string;
  readonly headers: readonly Header[];
  readonly body: Uint8Array | null;
}

/** Signs requests about objects and sends them; see `leanCalls`. It needs nothing of the SDK, so that a thread can have it. */
export class LeanRequests {
  readonly #address: BucketAddress;
  readonly #wire: Wire;
  readonly #userAgent: string;
  readonly #signer: SigV4;
  readonly #secure: boolean;

  constructor(address: BucketAddress, wire: Wire, userAgent: string) {
    this.#address = address;
    this.#wire = wire;
    this.#userAgent = userAgent;
    this.#signer = new SigV4(address.signingRegion, address.signingName);
    this.#secure = address.origin.startsWith('https:');
  }

  /** Throws `RefusedReply` for every status from 300 on, and what the wire throws. */
  async send(
    { method, key, query, headers, body }: LeanRequest,
    keys: AwsKeys,
    now: () => EpochMs,
    { abortSignal, exchange }: TransportOptions,
  ): Promise<RawReply> {
    const { origin, host, basePath } = this.#address;
    const payload = this.#secure && body !== null ? UNSIGNED_PAYLOAD : await sha256(body, abortSignal);
    const path = `${basePath}/${encodeKey(key)}`;
    const signed = this.#signer.sign({ method, host, path, query, headers, payload }, keys, now());
    signed.push('user-agent', this.#userAgent);
    if (body !== null) signed.push('content-length', String(body.length));
    const target = query === '' ? path : `${path}?${query}`;
    const reply = await this.#wire.send({ method, origin, path: target, headers: signed, body }, exchange, abortSignal);
    if (reply.status >= 300) throw new RefusedReply(reply.status);
    return reply;
  }
}

export function putHeaders(
  dialect: S3Dialect,
  object: ObjectAttributes,
  body: Uint8Array,
  checksum: Checksum,
  condition: WriteCondition | null,
): Header[] {
  return [...attributes(object), ...guard(dialect, body, checksum), ...conditionHeaders(dialect, condition)];
}

export function guard(dialect: S3Dialect, body: Uint8Array, checksum: Checksum): Header[] {
  if (!dialect.checksums) return [['content-md5', contentMd5(body)]];
  return [
    ['x-amz-sdk-checksum-algorithm', checksum.algorithm],
    [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`, checksum.value],
  ];
}

function conditionHeaders(dialect: S3Dialect, condition: WriteCondition | null): Header[] {
  if (condition === null) return [];
  return condition.kind === 'create'
    ? [['if-none-match', '*']]
    : [['if-match', conditionTag(dialect, bareEtag(condition.etag))]];
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
