import type { StoredChecksum } from '../checksums.ts';
import { commitObject } from '../commit-object.ts';
import { assertWriteCondition, readWriteCondition } from '../conditions.ts';
import { checksumHeaders, readObjectHeaders, versionHeaders } from '../object-headers.ts';
import type { Operation } from '../operation.ts';
import { bucketOf, quoted } from '../operation.ts';
import { receiveBlob } from '../receive-blob.ts';
import type { StoredBlob } from '../receive-blob.ts';

/** The checksum of a whole object from one request, as it is stored and reported. */
export function fullChecksum({ checksum }: StoredBlob): { checksum?: StoredChecksum } {
  if (checksum === undefined) return {};
  const { algorithm, digest } = checksum;
  return { checksum: { algorithm, value: digest.toString('base64'), type: 'FULL_OBJECT' } };
}

export const putObject: Operation = async (request) => {
  const { key, headers, settings } = request;
  const bucket = bucketOf(request);
  const objectHeaders = readObjectHeaders(headers);
  const condition = readWriteCondition(headers);
  request.body.contentLength();
  // Refused before the bytes are sent where that is already certain; asked again when they are here.
  await bucket.inspect(key, (record) => assertWriteCondition(condition, record, key));
  const stored = await receiveBlob(request, bucket.blobs);
  try {
    const version = await commitObject(bucket, key, condition, {
      ...objectHeaders,
      lastModifiedMs: settings.nowMs(),
      etag: stored.md5.toString('hex'),
      sizeBytes: stored.sizeBytes,
      segments: [{ blob: stored.blob, sizeBytes: stored.sizeBytes }],
      ...fullChecksum(stored),
    });
    return {
      status: 200,
      headers: {
        etag: quoted(version.etag),
        ...checksumHeaders(version.checksum),
        ...versionHeaders(version.versionId, bucket.info.versioning === 'Enabled'),
      },
    };
  } catch (error) {
    await bucket.blobs.remove([stored.blob]);
    throw error;
  }
};
