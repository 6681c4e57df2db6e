import { checksumOf } from '../../core/checksum.ts';
import type { ObjectAttributes, WriteCondition } from '../../core/ports.ts';
import { conditionHolds } from '../capabilities/condition-holds.ts';
import type { UploadRun, Written } from './upload-context.ts';

/** From here on a file takes time and memory like a part of a large one: it leaves permits to smaller ones. */
const BULK_BYTES = 2 ** 20;

/**
 * Sends a small file as one PUT. The file is read whole, checked to be one state, and only then sent. Null when the look that
 * stands in for a condition finds that it does not hold.
 */
export async function singlePut(
  run: UploadRun,
  object: ObjectAttributes,
  condition: WriteCondition,
): Promise<Written | null> {
  const { deps, operation, source, target, attempt } = run;
  const claim = { group: operation.lane, owner: operation.id, bulk: source.sizeBytes > BULK_BYTES };
  const release = await target.transfers.acquire(attempt.signal, claim);
  const buffer = deps.buffers.take(source.sizeBytes);
  try {
    await source.readInPlace(buffer);
    const checksum = await checksumOf(target.checksumAlgorithm, buffer);
    if (!(await conditionHolds(target, 'put', object.key, condition, attempt.signal))) return null;
    let sent = 0;
    const onBytes = (bytes: number) => {
      sent += bytes;
      attempt.progress(0, sent);
    };
    const reply = await target.store.put(object, buffer, checksum, condition, onBytes, attempt.signal);
    deps.buffers.give(buffer);
    return { reply, checksum, partSizeBytes: null };
  } finally {
    release();
  }
}
