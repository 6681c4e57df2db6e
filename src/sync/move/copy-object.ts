import { LongshoreError } from '../../core/longshore-error.ts';
import type { Checksum, ObjectAttributes, ObjectVersion, RemoteVersion, WriteCondition } from '../../core/ports.ts';
import { partSizeFor } from '../../core/part-plan.ts';
import type { StoredFile } from '../../db/files-repo.ts';
import { writeUnder } from '../capabilities/conditional-write.ts';
import { objectMetadata } from '../object-metadata.ts';
import { multipart } from '../upload/multipart.ts';
import type { UploadRun, Written } from '../upload/upload-context.ts';

/** S3 copies no more than this in one request. */
export const COPY_LIMIT_BYTES = 5 * 1024 ** 3;

/**
 * Has the service copy the object of the old name to the new one: exactly the version that the local file is known to be
 * (P3, P4), and only under `condition`. Null when no copy can be had: the file goes up like any other then. Other
 * failures (no connection, a service in trouble) reject.
 */
export async function copyObject(
  run: UploadRun,
  from: StoredFile,
  condition: WriteCondition,
  limitBytes: number,
): Promise<Written | null> {
  const checksum = await sameAsBase(run, from);
  if (checksum === null || from.base === null) return null;
  const { source, target, attempt, operation } = run;
  const version: ObjectVersion = { key: from.key, etag: from.base.etag, versionId: from.base.versionId };
  const inParts = source.sizeBytes > limitBytes;
  const object = attributes(run, inParts);
  try {
    if (inParts) {
      if (!(await sourceHolds(run, from.key, version, condition))) return null;
      return await multipart({ ...run, copyFrom: version }, object, condition);
    }
    const claim = { group: operation.lane, owner: operation.id, bulk: false };
    const release = await target.transfers.acquire(attempt.signal, claim);
    try {
      const reply = await writeUnder(target, 'copy', object.key, condition, attempt.signal, async (given) => {
        await source.checkInPlace();
        attempt.signal.throwIfAborted();
        // Where the service does not pin the source, the look at it has to be the last thing before.
        if (!(await sourceHolds(run, from.key, version, given))) return null;
        return await target.store.copy(version, object, given, attempt.commitSignal);
      });
      return reply === null ? null : { reply, checksum, partSizeBytes: null };
    } finally {
      release();
    }
  } catch (error) {
    if (!(error instanceof LongshoreError) || !isRefusal(error)) throw error;
    return null;
  }
}

/** The local file's checksum, if it is the one recorded of the version in the storage. */
async function sameAsBase({ source, attempt }: UploadRun, from: StoredFile): Promise<Checksum | null> {
  const [algorithm, value] = (from.checksum ?? '').split(':');
  if (algorithm !== 'CRC64NVME' && algorithm !== 'CRC32') return null;
  if (source.sizeBytes !== from.sizeBytes) return null;
  const checksum = await source.checksum(algorithm, attempt.signal);
  return checksum.value === value ? checksum : null;
}

/** A look at the source stands in where the service is not known to pin it; without conditions nothing pins it. */
async function sourceHolds(
  { target, attempt }: UploadRun,
  key: string,
  version: RemoteVersion,
  given: WriteCondition | null,
): Promise<boolean> {
  if (given !== null && target.honours('copy-source')) return true;
  const remote = await target.store.head(key, attempt.signal);
  return remote !== null && remote.etag === version.etag;
}

function attributes({ operation, spec, source, target }: UploadRun, inParts: boolean): ObjectAttributes {
  const partSizeBytes = inParts ? partSizeFor(source.sizeBytes, target.partSizeBytes) : null;
  return {
    key: spec.key,
    contentType: operation.contentType ?? 'application/octet-stream',
    metadata: objectMetadata(operation.id, spec, target.device, partSizeBytes),
  };
}

/** The versions are not as they should be, or the service does not copy this: sending the bytes may still do. */
function isRefusal(error: LongshoreError): boolean {
  return (
    error.class === 'conflict' ||
    error.class === 'permanent' ||
    error.code === 's3.precondition-failed' ||
    error.code === 's3.no-such-upload' ||
    error.code === 's3.checksum-mismatch'
  );
}
