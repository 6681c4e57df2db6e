import { checksumOf } from '../../core/checksum.ts';
import { LongshoreError } from '../../core/longshore-error.ts';
import { partCount, plannedPart, type PlannedPart } from '../../core/part-plan.ts';
import type { Checksum, PartReply } from '../../core/ports.ts';
import type { StoredPart, StoredUpload } from '../../db/uploads-repo.ts';
import type { UploadRun } from './upload-context.ts';

/** Sends what is missing of an open upload, several parts at a time, and returns all parts in order. */
export async function sendParts(
  run: UploadRun,
  upload: StoredUpload & { readonly uploadId: string },
): Promise<readonly StoredPart[]> {
  const { repos } = run.deps;
  const done = new Set(repos.uploads.parts(run.operation.id).map((part) => part.number));
  const count = partCount(upload.sizeBytes, upload.partSizeBytes);
  const progress = new PartProgress(run, upload, done);
  let next = 1;
  const takeNext = (): PlannedPart | null => {
    while (next <= count && done.has(next)) next += 1;
    return next > count ? null : plannedPart(upload.sizeBytes, upload.partSizeBytes, next++);
  };
  const failed = new AbortController();
  const signal = AbortSignal.any([run.attempt.signal, failed.signal]);
  const worker = async () => {
    for (let part = takeNext(); part !== null; part = takeNext()) {
      try {
        await sendPart(run, upload, part, progress, signal);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }
  };
  const workers = Math.min(run.target.partConcurrency, count - done.size);
  // All of them settle before this returns: nothing is still being sent when the operation is given back.
  const results = await Promise.allSettled(Array.from({ length: workers }, worker));
  run.attempt.signal.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason as Error;
  const rejected = results.find((result) => result.status === 'rejected');
  if (rejected !== undefined) throw rejected.reason as Error;
  return repos.uploads.parts(run.operation.id);
}

async function sendPart(
  run: UploadRun,
  upload: StoredUpload & { readonly uploadId: string },
  part: PlannedPart,
  progress: PartProgress,
  signal: AbortSignal,
): Promise<void> {
  const { deps, operation, source, target } = run;
  const claim = { group: operation.lane, owner: operation.id, bulk: true, paced: run.copyFrom === undefined };
  const release = await target.transfers.acquire(signal, claim);
  const buffer = deps.buffers.take(part.sizeBytes);
  try {
    await source.read(buffer, part.offset);
    const checksum = await checksumOf(upload.algorithm, buffer);
    const reply = await transfer(run, upload, part, buffer, checksum, progress, signal);
    deps.repos.transaction(() => {
      deps.repos.uploads.addPart(operation.id, {
        number: part.number,
        sizeBytes: part.sizeBytes,
        checksum: checksum.value,
        etag: reply.etag,
        doneAt: deps.clock.now(),
      });
      deps.repos.operations.setBytesDone(operation, progress.finishedWith(part), true);
    });
    progress.finish(part);
    deps.buffers.give(buffer);
  } finally {
    progress.stopSending(part.number);
    release();
  }
}

/** The bytes go there, or the service copies them; either way it is told, or asked, what they add up to (P3). */
async function transfer(
  run: UploadRun,
  upload: StoredUpload & { readonly uploadId: string },
  part: PlannedPart,
  bytes: Uint8Array,
  checksum: Checksum,
  progress: PartProgress,
  signal: AbortSignal,
): Promise<PartReply> {
  const { store } = run.target;
  const { key, uploadId } = upload;
  if (run.copyFrom === undefined) {
    const onBytes = (count: number) => progress.sending(part.number, count);
    return await store.uploadPart(key, uploadId, part.number, bytes, checksum, onBytes, signal);
  }
  const reply = await store.copyPart(key, uploadId, part.number, run.copyFrom, part.offset, part.sizeBytes, signal);
  const told = reply.checksum;
  if (told !== null && told.algorithm === checksum.algorithm && told.value !== checksum.value) {
    throw new LongshoreError('s3.checksum-mismatch', { subject: key, detail: `part ${part.number} of the copy` });
  }
  return reply;
}

/** Bytes that are checkpointed, and bytes on their way, of one upload. */
class PartProgress {
  readonly #run: UploadRun;
  readonly #inFlight = new Map<number, number>();
  #doneBytes = 0;

  constructor(run: UploadRun, upload: StoredUpload, done: ReadonlySet<number>) {
    this.#run = run;
    for (const number of done) {
      this.#doneBytes += plannedPart(upload.sizeBytes, upload.partSizeBytes, number).sizeBytes;
    }
    this.#report();
  }

  finishedWith(part: PlannedPart): number {
    return this.#doneBytes + part.sizeBytes;
  }

  sending(number: number, bytes: number): void {
    this.#inFlight.set(number, (this.#inFlight.get(number) ?? 0) + bytes);
    this.#report();
  }

  finish(part: PlannedPart): void {
    this.#doneBytes += part.sizeBytes;
    this.stopSending(part.number);
  }

  stopSending(number: number): void {
    if (this.#inFlight.delete(number)) this.#report();
  }

  #report(): void {
    let inFlight = 0;
    for (const bytes of this.#inFlight.values()) inFlight += bytes;
    this.#run.attempt.progress(this.#doneBytes, inFlight);
  }
}
