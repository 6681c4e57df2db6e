import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { S3Error } from './s3-error.ts';
import { hmacHex, scopeText, sha256Hex } from './sigv4.ts';
import type { CredentialScope } from './sigv4.ts';

/** Checks the signatures of one aws-chunked body, each of which covers the one before it. */
export class ChunkSignatures {
  readonly #key: Uint8Array;
  readonly #prefix: string;
  #previous: string;

  constructor(seed: { signingKey: Uint8Array; timestamp: string; scope: CredentialScope; signature: string }) {
    this.#key = seed.signingKey;
    this.#prefix = `${seed.timestamp}\n${scopeText(seed.scope)}`;
    this.#previous = seed.signature;
  }

  #advance(kind: string, tail: string, given: string | undefined): void {
    const expected = hmacHex(this.#key, `AWS4-HMAC-SHA256-${kind}\n${this.#prefix}\n${this.#previous}\n${tail}`);
    if (given !== expected) throw new S3Error('SignatureDoesNotMatch');
    this.#previous = expected;
  }

  chunk(dataSha256Hex: string, given: string | undefined): void {
    this.#advance('PAYLOAD', `${sha256Hex('')}\n${dataSha256Hex}`, given);
  }

  trailer(trailerText: string, given: string | undefined): void {
    this.#advance('TRAILER', sha256Hex(trailerText), given);
  }
}

const LINE_LIMIT_BYTES = 8192;
const TRAILER_LIMIT = 16;

/** Takes CRLF lines and counted bytes from a chunked source, holding no more than one source chunk. */
class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #pending: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async #more(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#pending = this.#pending.length === 0 ? next.value : Buffer.concat([this.#pending, next.value]);
    return true;
  }

  /** The next line without its CRLF; undefined at the end of the source. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#pending.indexOf('\r\n');
      if (end !== -1) {
        const line = this.#pending.toString('latin1', 0, end);
        this.#pending = this.#pending.subarray(end + 2);
        return line;
      }
      if (this.#pending.length > LINE_LIMIT_BYTES) throw new S3Error('InvalidRequest');
      if (!(await this.#more())) {
        if (this.#pending.length > 0) throw new S3Error('IncompleteBody');
        return undefined;
      }
    }
  }

  /** Reads the source to its end, so that the connection can be used again. */
  async finish(): Promise<void> {
    while (await this.#more()) this.#pending = Buffer.alloc(0);
  }

  async *bytes(count: number): AsyncGenerator<Buffer> {
    let left = count;
    while (left > 0) {
      if (this.#pending.length === 0 && !(await this.#more())) throw new S3Error('IncompleteBody');
      const taken = this.#pending.subarray(0, left);
      this.#pending = this.#pending.subarray(taken.length);
      left -= taken.length;
      yield taken;
    }
  }
}

export interface ChunkedFraming {
  /** Set for the two signed STREAMING forms. */
  readonly signatures: ChunkSignatures | undefined;
  /** Whether trailer lines follow the last chunk. */
  readonly trailers: boolean;
}

async function readTrailers(reader: ByteReader, framing: ChunkedFraming, into: Map<string, string>): Promise<void> {
  let signedText = '';
  let signature: string | undefined;
  for (let count = 0; ; count++) {
    const line = await reader.line();
    if (line === undefined || line === '') break;
    if (count >= TRAILER_LIMIT) throw new S3Error('InvalidRequest');
    const colon = line.indexOf(':');
    if (colon < 1) throw new S3Error('InvalidRequest');
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'x-amz-trailer-signature') {
      signature = value;
      continue;
    }
    signedText += `${name}:${value}\n`;
    into.set(name, value);
  }
  if (framing.trailers) framing.signatures?.trailer(signedText, signature);
}

/**
 * Unwraps an aws-chunked body. Trailers are put into `trailersInto` before the iteration ends. Bytes are handed on before
 * their chunk's signature is known: whoever stores them must not commit until the iteration has ended without a throw.
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  framing: ChunkedFraming,
  trailersInto: Map<string, string>,
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(source);
  for (;;) {
    const header = await reader.line();
    const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(header ?? '');
    if (match === null) throw new S3Error('IncompleteBody');
    const sizeBytes = parseInt(match[1] ?? '', 16);
    const hash: Hash | undefined = framing.signatures === undefined ? undefined : createHash('sha256');
    for await (const bytes of reader.bytes(sizeBytes)) {
      hash?.update(bytes);
      yield bytes;
    }
    if (hash !== undefined) framing.signatures?.chunk(hash.digest('hex'), match[2]);
    if (sizeBytes === 0) break;
    if ((await reader.line()) !== '') throw new S3Error('IncompleteBody');
  }
  await readTrailers(reader, framing, trailersInto);
  await reader.finish();
}
