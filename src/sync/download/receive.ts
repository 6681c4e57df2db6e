import { combineChecksums, startChecksum, type RunningChecksum } from '../../core/checksum.ts';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { Checksum, ObjectVersion, PartialFile } from '../../core/ports.ts';
import type { Repositories } from '../../db/repositories.ts';
import type { StoredOperation } from '../../db/stored-operation.ts';
import { rememberRunning } from '../amend-running.ts';
import type { Attempt } from '../outcome.ts';
import type { DownloadMemo } from '../specs.ts';
import { contentChecksum } from '../upload/content-hash.ts';
import type { UploadTarget } from '../upload/upload-context.ts';
import { DownloadedContent } from './downloaded-content.ts';

/** So much is written before it is flushed and recorded: what a crash costs at most. */
const CHECKPOINT_BYTES = 8 * 1024 * 1024;
const ALGORITHM = 'CRC64NVME';

export interface Receiving {
  readonly repos: Repositories;
  readonly operation: StoredOperation;
  readonly target: UploadTarget;
  readonly attempt: Attempt;
  readonly version: ObjectVersion;
  readonly sizeBytes: number;
}

/**
 * How much of the partial file is surely ours, from an earlier attempt (P6): flushed before it was recorded, and what is
 * there still has the recorded checksum.
 */
export async function resumeFrom(
  { operation, version, sizeBytes, attempt }: Receiving,
  partial: PartialFile,
): Promise<{ readonly doneBytes: number; readonly checksum: Checksum } | null> {
  const { checkpoint } = operation.memo as DownloadMemo;
  if (checkpoint === undefined || checkpoint.etag !== version.etag || checkpoint.doneBytes > sizeBytes) return null;
  const there = await partial.sizeBytes();
  if (there < checkpoint.doneBytes || there > sizeBytes) return null;
  const content = new DownloadedContent(partial, checkpoint.doneBytes);
  const checksum = await contentChecksum(content, ALGORITHM, attempt.signal);
  return checksum.value === checkpoint.checksum ? { doneBytes: checkpoint.doneBytes, checksum } : null;
}

/** Reads the rest of the object into the partial file, checkpoint by checkpoint. Returns the checksum of all of it. */
export async function receive(
  run: Receiving,
  partial: PartialFile,
  from: { readonly doneBytes: number; readonly checksum: Checksum } | null,
): Promise<Checksum> {
  const { target, operation, version, sizeBytes, attempt } = run;
  const flow = new Flow(run, partial, from);
  if (flow.position < sizeBytes) {
    const claim = { group: operation.lane, owner: operation.id, bulk: true };
    const release = await target.transfers.acquire(attempt.signal, claim);
    try {
      await target.store.read(version, flow.position, (chunk) => flow.take(chunk), attempt.signal);
    } catch (error) {
      await flow.keep();
      throw error;
    } finally {
      release();
    }
  }
  if (flow.position !== sizeBytes) {
    throw new LongshoreError('net.reset', { subject: version.key, detail: 'the reply ended too early' });
  }
  return await flow.checkpoint();
}

/** Bytes on their way to the disk, and how far they are there for good. */
class Flow {
  readonly #run: Receiving;
  readonly #partial: PartialFile;
  #running: RunningChecksum = startChecksum(ALGORITHM);
  #done: { readonly bytes: number; readonly checksum: Checksum } | null;
  position: number;

  constructor(
    run: Receiving,
    partial: PartialFile,
    from: { readonly doneBytes: number; readonly checksum: Checksum } | null,
  ) {
    this.#run = run;
    this.#partial = partial;
    this.#done = from === null ? null : { bytes: from.doneBytes, checksum: from.checksum };
    this.position = from?.doneBytes ?? 0;
    this.#report();
  }

  async take(chunk: Uint8Array): Promise<void> {
    const { attempt, sizeBytes, version } = this.#run;
    attempt.signal.throwIfAborted();
    if (this.position + chunk.byteLength > sizeBytes)
      throw new LongshoreError('s3.checksum-mismatch', { subject: version.key, detail: 'more bytes came than it has' });
    await this.#partial.write(chunk, this.position);
    this.#running.update(chunk);
    this.position += chunk.byteLength;
    this.#report();
    if (this.position - (this.#done?.bytes ?? 0) >= CHECKPOINT_BYTES) await this.checkpoint();
  }

  /** What has come in counts, however the reading ended: on a bad line, and with many pauses, it gets on all the same. */
  async keep(): Promise<void> {
    if (this.position > (this.#done?.bytes ?? 0)) await this.checkpoint().catch(() => undefined);
  }

  /** On the disk for good, then recorded (P6). */
  async checkpoint(): Promise<Checksum> {
    const { repos, operation, version } = this.#run;
    await this.#partial.sync();
    const checksum = await this.#checksumSoFar();
    this.#done = { bytes: this.position, checksum };
    this.#running = startChecksum(ALGORITHM);
    const memo: DownloadMemo = {
      checkpoint: { etag: version.etag, doneBytes: this.position, checksum: checksum.value },
    };
    const kept = rememberRunning(repos, operation, { ...memo }, { bytesDone: this.position, deaths: 0 });
    if (!kept) throw new LongshoreError('internal.unknown', { detail: 'the lease is gone' });
    this.#report();
    return checksum;
  }

  async #checksumSoFar(): Promise<Checksum> {
    const last = { checksum: await this.#running.finish(), sizeBytes: this.position - (this.#done?.bytes ?? 0) };
    if (this.#done === null) return last.checksum;
    return combineChecksums(ALGORITHM, [{ checksum: this.#done.checksum, sizeBytes: this.#done.bytes }, last]);
  }

  #report(): void {
    const done = this.#done?.bytes ?? 0;
    this.#run.attempt.progress(done, this.position - done);
  }
}
