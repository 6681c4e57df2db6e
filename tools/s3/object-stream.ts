import type { BlobStore } from './blob-store.ts';
import type { ByteRange } from './byte-range.ts';
import type { ObjectVersion } from './key-record.ts';
import type { ReplyStream } from './operation.ts';

async function* segmentsInRange(blobs: BlobStore, version: ObjectVersion, range: ByteRange): AsyncGenerator<Buffer> {
  let offset = 0;
  for (const { blob, sizeBytes } of version.segments) {
    const start = Math.max(range.start - offset, 0);
    const end = Math.min(range.end - offset, sizeBytes - 1);
    if (start <= end) yield* blobs.read(blob, start, end);
    offset += sizeBytes;
    if (offset > range.end) return;
  }
}

/** The bytes of a stored object, readable until released whatever happens to its key. Call within `Bucket.inspect`. */
export function objectStream(blobs: BlobStore, version: ObjectVersion, range: ByteRange): ReplyStream {
  const release = blobs.hold(version.segments.map((segment) => segment.blob));
  return {
    sizeBytes: range.end - range.start + 1,
    bytes: segmentsInRange(blobs, version, range),
    release,
  };
}

/** All bytes of an object. */
export function wholeRange(version: ObjectVersion): ByteRange {
  return { start: 0, end: version.sizeBytes - 1 };
}
