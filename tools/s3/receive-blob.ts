import type { BlobStore } from './blob-store.ts';
import type { ChecksumAlgorithm } from './checksums.ts';
import { assertDigests, declaredDigests, hashing } from './declared-digests.ts';
import type { OperationRequest } from './operation.ts';
import type { ReceivedDigests } from './declared-digests.ts';

/** Bytes that are safely stored, and what they hash to. */
export interface StoredBlob extends ReceivedDigests {
  readonly blob: string;
  readonly sizeBytes: number;
}

/**
 * Stores a request's body as a blob. Every digest that the request declared is checked before the blob exists; on any
 * refusal nothing is left. @param fallbackAlgorithm what to compute where the request names no checksum.
 */
export async function receiveBlob(
  request: OperationRequest,
  blobs: BlobStore,
  fallbackAlgorithm?: ChecksumAlgorithm,
): Promise<StoredBlob> {
  const { body, headers } = request;
  const declared = declaredDigests(headers);
  const hashed = hashing(body.bytes(), declared.algorithm ?? fallbackAlgorithm);
  let received: ReceivedDigests | undefined;
  async function* verified(): AsyncGenerator<Buffer> {
    yield* hashed.bytes;
    received = await hashed.finish();
    assertDigests(declared, received, body);
  }
  const { id, sizeBytes } = await blobs.write(verified());
  if (received === undefined) throw new Error('the body ended without its digests');
  return { blob: id, sizeBytes, ...received };
}

/** Stores bytes that are already here (a copy), with fresh digests. */
export async function rehashBlob(
  bytes: AsyncIterable<Buffer>,
  blobs: BlobStore,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<StoredBlob> {
  const hashed = hashing(bytes, algorithm);
  const { id, sizeBytes } = await blobs.write(hashed.bytes);
  return { blob: id, sizeBytes, ...(await hashed.finish()) };
}
