import { checksumOf, combineChecksums } from '../../core/checksum.ts';
import { assert } from '../../core/assert.ts';
import { LongshoreError } from '../../core/longshore-error.ts';
import { partCount, partSizeFor, plannedPart } from '../../core/part-plan.ts';
import type { Checksum, ListedPart, ObjectAttributes, WriteCondition } from '../../core/ports.ts';
import type { StoredPart, StoredUpload } from '../../db/uploads-repo.ts';
import { writeUnder } from '../capabilities/conditional-write.ts';
import { isElsewhere } from './is-elsewhere.ts';
import { reconcileParts } from './reconcile-parts.ts';
import { sendParts } from './send-parts.ts';
import type { UploadRun, Written } from './upload-context.ts';

/**
 * Sends a large file in parts, from where an earlier attempt stood (P6). Intent, plan and fingerprint are stored before
 * Create, the id before the first part, each part before it counts. Every end of the operation leads to Complete or to a
 * cleanup row (P7; the schema's trigger writes it). Null, with the upload left open, when the look that stands in for a
 * condition finds that it does not hold.
 */
export async function multipart(
  run: UploadRun,
  object: ObjectAttributes,
  condition: WriteCondition,
): Promise<Written | null> {
  const upload = (await resume(run)) ?? (await begin(run, object));
  const parts = await sendParts(run, upload);
  await run.source.checkInPlace();
  return await writeUnder(run.target, 'complete', object.key, condition, run.attempt.signal, (given) =>
    complete(run, upload, parts, given),
  );
}

type OpenUpload = StoredUpload & { readonly uploadId: string };

/**
 * Gives up an upload that was begun where the destination's name leads no longer: it can be neither resumed nor aborted
 * here, and that it is not known here says nothing about it.
 */
export function leaveElsewhere({ deps, operation, target }: Pick<UploadRun, 'deps' | 'operation' | 'target'>): void {
  const { repos, clock } = deps;
  const stored = repos.uploads.get(operation.id);
  if (stored === null || !isElsewhere(stored, target)) return;
  repos.transaction(() => {
    repos.uploads.abandon(operation.id, clock.now());
    repos.operations.setBytesDone(operation, 0);
  });
}

/** Takes up the stored upload, or clears what is left of one that can't be taken up. */
async function resume(run: UploadRun): Promise<OpenUpload | null> {
  const { deps, operation, target, attempt } = run;
  leaveElsewhere(run);
  const stored = deps.repos.uploads.get(operation.id);
  if (stored === null) return null;
  if (stored.uploadId === null) {
    // Create was sent, or about to be, and its reply never recorded: what it made, or may yet make, is the janitor's.
    deps.repos.transaction(() => {
      deps.repos.uploads.abandon(operation.id, deps.clock.now());
    });
    return null;
  }
  // An upload that is not known any more may be a completed one whose reply was lost: the caller looks at the key.
  const listed = await target.store.listParts(run.spec.key, stored.uploadId, attempt.signal);
  const open: OpenUpload = { ...stored, uploadId: stored.uploadId };
  await adopt(run, open, listed);
  return open;
}

/** Brings the checkpoints in line with what the service lists, and keeps unrecorded parts whose bytes are ours. */
async function adopt(run: UploadRun, upload: OpenUpload, listed: readonly ListedPart[]): Promise<void> {
  const { deps, operation, source } = run;
  const { uploads } = deps.repos;
  const found = reconcileParts(uploads.parts(operation.id), listed, upload.sizeBytes, upload.partSizeBytes);
  const adopted: StoredPart[] = [];
  for (const part of found.unrecorded) {
    const plan = plannedPart(upload.sizeBytes, upload.partSizeBytes, part.number);
    const buffer = deps.buffers.take(plan.sizeBytes);
    await source.read(buffer, plan.offset);
    const checksum = await checksumOf(upload.algorithm, buffer);
    deps.buffers.give(buffer);
    if (part.checksum?.algorithm !== upload.algorithm || part.checksum.value !== checksum.value) continue;
    adopted.push({ ...part, checksum: checksum.value, doneAt: deps.clock.now() });
  }
  deps.repos.transaction(() => {
    for (const number of found.lost) uploads.removePart(operation.id, number);
    for (const part of adopted) uploads.addPart(operation.id, part);
    const done = [...found.kept, ...adopted].reduce((sum, part) => sum + part.sizeBytes, 0);
    deps.repos.operations.setBytesDone(operation, done);
  });
}

async function begin(run: UploadRun, object: ObjectAttributes): Promise<OpenUpload> {
  const { deps, operation, spec, target, attempt, source } = run;
  const upload: StoredUpload = {
    operation: operation.id,
    destination: target.name,
    place: target.place,
    key: spec.key,
    uploadId: null,
    // As the service tells the time of what Create makes: our own clock may be hours off.
    intentAt: target.serviceNow(),
    sizeBytes: source.sizeBytes,
    partSizeBytes: partSizeFor(source.sizeBytes, target.partSizeBytes),
    algorithm: target.checksumAlgorithm,
    fingerprint: spec.fingerprint,
  };
  deps.repos.uploads.insert(upload);
  const { uploadId } = await target.store.createUpload(object, upload.algorithm, attempt.signal);
  deps.repos.uploads.setUploadId(operation.id, uploadId);
  return { ...upload, uploadId };
}

async function complete(
  run: UploadRun,
  upload: OpenUpload,
  parts: readonly StoredPart[],
  condition: WriteCondition | null,
): Promise<Written> {
  const { deps, operation, spec, target, attempt } = run;
  assert(parts.length === partCount(upload.sizeBytes, upload.partSizeBytes), 'all parts are there');
  const sums = parts.map((part): { sizeBytes: number; checksum: Checksum } => ({
    sizeBytes: part.sizeBytes,
    checksum: { algorithm: upload.algorithm, value: part.checksum },
  }));
  const checksum = combineChecksums(upload.algorithm, sums);
  const list = parts.map((part, index) => {
    const sum = sums[index];
    assert(sum !== undefined, 'a checksum for each part');
    return { number: part.number, etag: part.etag, checksum: sum.checksum };
  });
  attempt.signal.throwIfAborted();
  try {
    const reply = await target.store.completeUpload(
      spec.key,
      upload.uploadId,
      list,
      checksum,
      condition,
      attempt.commitSignal,
    );
    return { reply, checksum, partSizeBytes: upload.partSizeBytes };
  } catch (error) {
    // AWS documents a 409 on a conditional Complete as "start a new upload"; a wrong checksum won't heal by repetition.
    const startAgain =
      error instanceof LongshoreError && (error.code === 's3.busy' || error.code === 's3.checksum-mismatch');
    if (startAgain) {
      deps.repos.transaction(() => {
        deps.repos.uploads.abandon(operation.id, deps.clock.now());
        deps.repos.operations.setBytesDone(operation, 0);
      });
    }
    throw error;
  }
}
