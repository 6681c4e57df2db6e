import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { assertDigestShape, CHECKSUM_ALGORITHMS, checksumHeader, parseAlgorithm, startChecksum } from './checksums.ts';
import type { ChecksumAlgorithm } from './checksums.ts';
import type { RequestBody } from './request-body.ts';
import { S3Error } from './s3-error.ts';

/** What a request says that its content hashes to. */
export interface DeclaredDigests {
  readonly contentMd5: string | undefined;
  /** The algorithm named by a checksum header, a trailer, or `x-amz-sdk-checksum-algorithm`. */
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** The value when it stands in a header; a trailer brings it with the last bytes. */
  readonly value: string | undefined;
  readonly inTrailer: boolean;
}

function assertMd5(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length !== 16 || bytes.toString('base64') !== value) throw new S3Error('InvalidDigest');
  return value;
}

/** @throws S3Error `InvalidRequest` for two checksums, an unknown algorithm or a malformed value; `InvalidDigest`. */
export function declaredDigests(headers: IncomingHttpHeaders): DeclaredDigests {
  const contentMd5 = assertMd5(headers['content-md5'] as string | undefined);
  const named = CHECKSUM_ALGORITHMS.filter((algorithm) => headers[checksumHeader(algorithm)] !== undefined);
  const trailer = String(headers['x-amz-trailer'] ?? '').toLowerCase();
  const trailing = CHECKSUM_ALGORITHMS.filter((algorithm) =>
    trailer.split(/\s*,\s*/).includes(checksumHeader(algorithm)),
  );
  const [algorithm, second] = [...named, ...trailing];
  if (second !== undefined) {
    throw new S3Error('InvalidRequest', {
      message: 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    });
  }
  const hint = headers['x-amz-sdk-checksum-algorithm'];
  const hinted = typeof hint === 'string' ? parseAlgorithm(hint) : undefined;
  if (algorithm === undefined) return { contentMd5, algorithm: hinted, value: undefined, inTrailer: false };
  if (hinted !== undefined && hinted !== algorithm) {
    throw new S3Error('InvalidRequest', { message: 'Value for x-amz-sdk-checksum-algorithm header is invalid.' });
  }
  const value = headers[checksumHeader(algorithm)] as string | undefined;
  if (value !== undefined) assertDigestShape(algorithm, value);
  return { contentMd5, algorithm, value, inTrailer: named.length === 0 };
}

/** What the server computed itself. */
export interface ReceivedDigests {
  readonly md5: Buffer;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly digest: Buffer } | undefined;
}

/** A source that hashes what passes through it; `finish` gives the digests once it has ended. */
export interface HashedBytes {
  readonly bytes: AsyncIterable<Buffer>;
  finish(): Promise<ReceivedDigests>;
}

export function hashing(source: AsyncIterable<Buffer>, algorithm: ChecksumAlgorithm | undefined): HashedBytes {
  const md5 = createHash('md5');
  const checksum = algorithm === undefined ? undefined : startChecksum(algorithm);
  async function* pass(): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      md5.update(chunk);
      checksum?.update(chunk);
      yield chunk;
    }
  }
  return {
    bytes: pass(),
    async finish() {
      const digest = await checksum?.digest();
      return {
        md5: md5.digest(),
        checksum: algorithm === undefined || digest === undefined ? undefined : { algorithm, digest },
      };
    },
  };
}

/** @throws S3Error `BadDigest` when the content is not what the request said. */
export function assertDigests(declared: DeclaredDigests, received: ReceivedDigests, body: RequestBody): void {
  const md5 = received.md5.toString('base64');
  if (declared.contentMd5 !== undefined && declared.contentMd5 !== md5) {
    throw new S3Error('BadDigest', {
      message: 'The Content-MD5 you specified did not match what we received.',
      elements: { ExpectedDigest: declared.contentMd5, CalculatedDigest: md5 },
    });
  }
  if (declared.algorithm === undefined || received.checksum === undefined) return;
  const header = checksumHeader(declared.algorithm);
  const value = declared.inTrailer ? body.trailers.get(header) : declared.value;
  if (declared.inTrailer) {
    if (value === undefined) {
      throw new S3Error('InvalidRequest', { message: `The trailing header ${header} was announced but not sent.` });
    }
    assertDigestShape(declared.algorithm, value);
  }
  if (value !== undefined && value !== received.checksum.digest.toString('base64')) {
    throw new S3Error('BadDigest', {
      message: `The ${declared.algorithm} you specified did not match the calculated checksum.`,
    });
  }
}
