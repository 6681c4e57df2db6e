import { checksumOf } from '../../core/checksum.ts';
import type { ObjectAttributes, WriteCondition } from '../../core/ports.ts';
import type { UploadRun, Written } from './upload-context.ts';

/** Sends a small file as one PUT. The file is read whole, checked to be one state, and only then sent. */
export async function singlePut(run: UploadRun, object: ObjectAttributes, condition: WriteCondition): Promise<Written> {
  const { deps, source, target, attempt } = run;
  const release = await target.transfers.acquire(attempt.signal);
  const buffer = deps.buffers.take(source.sizeBytes);
  try {
    await source.read(buffer, 0);
    await source.checkInPlace();
    const checksum = await checksumOf(target.checksumAlgorithm, buffer);
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
