import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChunkSignatures, decodeAwsChunked } from './aws-chunked.ts';
import type { Authenticated } from './authenticate.ts';
import { S3Error } from './s3-error.ts';

/** What the server does to a body on its way in. */
export interface BodyWatch {
  /** Called before the first byte is read: the moment to send `100 Continue`. */
  readonly beforeRead: () => void;
  readonly onWireBytes: (bytes: number) => void;
  /** Bytes per second, Infinity for no limit. */
  readonly bandwidth: number;
  /** Ends the waits of a slowed body. */
  readonly closing: AbortSignal;
  /** Drops the connection once this many bytes came in. */
  readonly resetAfterBytes: number | undefined;
}

const OBJECT_LIMIT_BYTES = 5 * 1024 ** 3;

/** The body of one authenticated request, read at most once. */
export class RequestBody {
  /** Trailing headers of an aws-chunked body; complete once `bytes()` has ended. */
  readonly trailers = new Map<string, string>();
  readonly #message: IncomingMessage;
  readonly #auth: Authenticated;
  readonly #watch: BodyWatch;

  constructor(message: IncomingMessage, auth: Authenticated, watch: BodyWatch) {
    this.#message = message;
    this.#auth = auth;
    this.#watch = watch;
  }

  get #streaming(): boolean {
    return this.#auth.payloadHash.startsWith('STREAMING-');
  }

  /** Bytes of content, framing not counted. @throws S3Error `MissingContentLength`, `EntityTooLarge` above 5 GiB. */
  contentLength(): number {
    const { headers } = this.#message;
    const header = this.#streaming ? headers['x-amz-decoded-content-length'] : headers['content-length'];
    const length = header === undefined ? NaN : Number(header);
    if (!Number.isSafeInteger(length) || length < 0) throw new S3Error('MissingContentLength');
    if (length > OBJECT_LIMIT_BYTES) {
      throw new S3Error('EntityTooLarge', {
        elements: { ProposedSize: String(length), MaxSizeAllowed: String(OBJECT_LIMIT_BYTES) },
      });
    }
    return length;
  }

  async *#wire(): AsyncGenerator<Buffer> {
    const { onWireBytes, bandwidth, resetAfterBytes, closing } = this.#watch;
    this.#watch.beforeRead();
    let received = 0;
    const startedAtMs = performance.now();
    // Without destroyOnReturn a refusal half-way would take the socket, and the reply, with it.
    for await (const chunk of this.#message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      received += chunk.length;
      onWireBytes(chunk.length);
      if (resetAfterBytes !== undefined && received >= resetAfterBytes) this.#message.socket.resetAndDestroy();
      const aheadMs = (received / bandwidth) * 1000 - (performance.now() - startedAtMs);
      if (aheadMs > 1) await sleep(aheadMs, undefined, { signal: closing });
      yield chunk;
    }
  }

  #decoded(): AsyncGenerator<Buffer> {
    const { payloadHash } = this.#auth;
    if (!this.#streaming) return this.#wire();
    const signatures = payloadHash.includes('HMAC') ? new ChunkSignatures(this.#auth) : undefined;
    const framing = { signatures, trailers: payloadHash.endsWith('-TRAILER') };
    return decodeAwsChunked(this.#wire(), framing, this.trailers);
  }

  /**
   * The content. Ends without a throw only when length, payload hash and chunk signatures all held: commit nothing before.
   * @throws S3Error `IncompleteBody`, `XAmzContentSHA256Mismatch`, `SignatureDoesNotMatch`; Error when the client left.
   */
  async *bytes(): AsyncGenerator<Buffer> {
    const expectedBytes = this.contentLength();
    const { payloadHash } = this.#auth;
    const hash = /^[0-9a-f]{64}$/.test(payloadHash) ? createHash('sha256') : undefined;
    let receivedBytes = 0;
    for await (const chunk of this.#decoded()) {
      receivedBytes += chunk.length;
      hash?.update(chunk);
      if (receivedBytes > expectedBytes) throw new S3Error('IncompleteBody');
      yield chunk;
    }
    if (receivedBytes !== expectedBytes) throw new S3Error('IncompleteBody');
    const computed = hash?.digest('hex');
    if (computed !== undefined && computed !== payloadHash) {
      throw new S3Error('XAmzContentSHA256Mismatch', {
        elements: { ClientComputedContentSHA256: payloadHash, S3ComputedContentSHA256: computed },
      });
    }
  }

  /** The whole content, for the XML requests. @throws S3Error `MalformedXML` beyond `limitBytes`. */
  async buffer(limitBytes: number): Promise<Buffer> {
    if (this.contentLength() > limitBytes) throw new S3Error('MalformedXML');
    const chunks: Buffer[] = [];
    for await (const chunk of this.bytes()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
}
