import type { KeyRecord, ObjectVersion } from './key-record.ts';
import { S3Error } from './s3-error.ts';

/**
 * The object that a request means by key and optional version id.
 * @throws S3Error `NoSuchKey`, `NoSuchVersion`; `MethodNotAllowed` when the id is a delete marker's.
 */
export function selectVersion(
  record: KeyRecord | undefined,
  key: string,
  versionId: string | undefined,
): ObjectVersion {
  if (versionId !== undefined) {
    const version = record?.versions.find((candidate) => candidate.versionId === versionId);
    if (version === undefined) {
      throw new S3Error('NoSuchVersion', { elements: { Key: key, VersionId: versionId } });
    }
    if (version.kind === 'object') return version;
    throw new S3Error('MethodNotAllowed', {
      headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': versionId, allow: 'DELETE' },
    });
  }
  const newest = record?.versions[0];
  if (newest?.kind === 'object') return newest;
  const headers = newest === undefined ? {} : { 'x-amz-delete-marker': 'true', 'x-amz-version-id': newest.versionId };
  throw new S3Error('NoSuchKey', { elements: { Key: key }, headers });
}
