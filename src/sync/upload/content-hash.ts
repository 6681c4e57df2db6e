import { createHash } from 'node:crypto';
import { startChecksum } from '../../core/checksum.ts';
import { partCount, plannedPart } from '../../core/part-plan.ts';
import type { Checksum, ChecksumAlgorithm } from '../../core/ports.ts';

/** Steps in which a file is read for hashing (ENVIRONMENT: 1 MiB is where hashing peaks). */
const READ_STEP_BYTES = 1024 * 1024;

/** Bytes that can be read at any place; `read` fills its buffer or fails. */
export interface Content {
  readonly sizeBytes: number;
  read(into: Uint8Array, offset: number): Promise<void>;
}

/** Full-object checksum. Reads all of it in steps. */
export async function contentChecksum(
  content: Content,
  algorithm: ChecksumAlgorithm,
  signal: AbortSignal,
): Promise<Checksum> {
  const running = startChecksum(algorithm);
  await forEachStep(content, 0, content.sizeBytes, signal, (step) => {
    running.update(step);
  });
  return await running.finish();
}

/** The ETag that S3 gives an unencrypted object: the MD5; of a multipart upload the MD5 of the parts' MD5s and their number. */
export async function contentMd5ETag(
  content: Content,
  partSizeBytes: number | null,
  signal: AbortSignal,
): Promise<string> {
  if (partSizeBytes === null) return (await md5(content, 0, content.sizeBytes, signal)).toString('hex');
  const parts = createHash('md5');
  const count = partCount(content.sizeBytes, partSizeBytes);
  for (let number = 1; number <= count; number += 1) {
    const part = plannedPart(content.sizeBytes, partSizeBytes, number);
    parts.update(await md5(content, part.offset, part.sizeBytes, signal));
  }
  return `${parts.digest('hex')}-${count}`;
}

async function md5(content: Content, offset: number, sizeBytes: number, signal: AbortSignal): Promise<Buffer> {
  const hash = createHash('md5');
  await forEachStep(content, offset, sizeBytes, signal, (step) => hash.update(step));
  return hash.digest();
}

/** Hands over `sizeBytes` from `offset` on, in order. The step is used again after `take` returns. */
async function forEachStep(
  content: Content,
  offset: number,
  sizeBytes: number,
  signal: AbortSignal,
  take: (step: Uint8Array) => void,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(READ_STEP_BYTES, sizeBytes));
  for (let done = 0; done < sizeBytes; done += buffer.byteLength) {
    signal.throwIfAborted();
    const step = buffer.subarray(0, Math.min(buffer.byteLength, sizeBytes - done));
    await content.read(step, offset + done);
    take(step);
  }
}
