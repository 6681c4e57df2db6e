import { randomBytes } from 'node:crypto';
import type { Bucket } from './bucket.ts';
import { assertWriteCondition } from './conditions.ts';
import type { WriteCondition } from './conditions.ts';
import { NULL_VERSION, withVersion } from './key-record.ts';
import type { ObjectVersion } from './key-record.ts';

/** A version id for what is written now: random under versioning, `null` without. */
export function newVersionId(bucket: Bucket): string {
  return bucket.info.versioning === 'Enabled' ? randomBytes(24).toString('base64url') : NULL_VERSION;
}

/**
 * Makes an object the newest under its key if the condition holds at that moment.
 * @throws S3Error of the condition; nothing has changed then, and the caller's blobs are still the caller's.
 */
export async function commitObject(
  bucket: Bucket,
  key: string,
  condition: WriteCondition,
  object: Omit<ObjectVersion, 'kind' | 'versionId'>,
): Promise<ObjectVersion> {
  return bucket.update(key, (record) => {
    assertWriteCondition(condition, record, key);
    const version: ObjectVersion = { kind: 'object', versionId: newVersionId(bucket), ...object };
    return { record: withVersion(key, record, version), result: version };
  });
}
