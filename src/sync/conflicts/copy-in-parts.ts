import { combineChecksums } from '../../core/checksum.ts';
import { LongshoreError } from '../../core/longshore-error.ts';
import { partCount, partSizeFor, plannedPart, type PlannedPart } from '../../core/part-plan.ts';
import type {
  Checksum,
  ObjectAttributes,
  ObjectVersion,
  RemoteObject,
  WriteCondition,
  WriteReply,
} from '../../core/ports.ts';
import type { StoredPart, StoredUpload } from '../../db/uploads-repo.ts';
import type { StoredOperation } from '../../db/stored-operation.ts';
import { writeUnder } from '../capabilities/conditional-write.ts';
import type { Attempt } from '../outcome.ts';
import { uploadSpec } from '../specs.ts';
import { isElsewhere } from '../upload/is-elsewhere.ts';
import type { UploadDeps, UploadTarget } from '../upload/upload-context.ts';

/** What one attempt at copying an old version works with. */
export interface CopyRun {
  readonly deps: UploadDeps;
  readonly operation: StoredOperation;
  readonly target: UploadTarget;
  readonly attempt: Attempt;
  /** Preferred; it grows until the object fits into 10,000 parts. */
  readonly partSizeBytes: number;
}

type OpenUpload = StoredUpload & { readonly uploadId: string };

/**
 * Has the service copy a version that is too large for one request, part by part, each pinned to that version. As with
 * uploads: intent before Create, the id before the first part, each part before it counts (P6, P7). No byte passes this
 * computer; what the parts add up to is what the service says of the version, where it says so (P3). Null, with the upload
 * left open, when the look that stands in for a condition finds that it does not hold. Error `s3.no-such-key`: the version is
 * gone.
 */
export async function copyInParts(
  run: CopyRun,
  source: ObjectVersion,
  object: ObjectAttributes,
  condition: WriteCondition,
): Promise<WriteReply | null> {
  const { target, attempt } = run;
  const old = await target.store.head(source.key, attempt.signal, source.versionId ?? undefined);
  if (old === null) throw new LongshoreError('s3.no-such-key', { subject: source.key });
  const upload = (await resume(run)) ?? (await begin(run, object, old.sizeBytes));
  const parts = await copyMissing(run, upload, source);
  const checksum = wholeChecksum(run, upload, parts, old);
  const list = parts.map(({ number, etag, checksum: value }) => ({
    number,
    etag,
    checksum: value === NOT_TOLD ? null : { algorithm: upload.algorithm, value },
  }));
  return await writeUnder(target, 'complete', object.key, condition, attempt.signal, (given) => {
    attempt.signal.throwIfAborted();
    return target.store.completeUpload(object.key, upload.uploadId, list, checksum, given, attempt.commitSignal);
  });
}

/** Gives an open copy up, and has it aborted; nothing where there is none. */
export function abandonCopy({ repos, clock }: Pick<UploadDeps, 'repos' | 'clock'>, operation: StoredOperation): void {
  repos.transaction(() => {
    if (repos.uploads.get(operation.id) !== null) repos.uploads.abandon(operation.id, clock.now());
  });
}

/** The service did not say what a part adds up to. */
const NOT_TOLD = '';

/** Takes up the stored upload; null when there is none that can be taken up. */
async function resume(run: CopyRun): Promise<OpenUpload | null> {
  const { deps, operation, target, attempt } = run;
  const { uploads } = deps.repos;
  const stored = uploads.get(operation.id);
  if (stored === null) return null;
  if (stored.uploadId === null || isElsewhere(stored, target)) {
    // Create was sent, or about to be, and its reply never recorded, or it was sent to another bucket: what it made is the
    // janitor's.
    abandonCopy(deps, operation);
    return null;
  }
  try {
    const listed = await target.store.listParts(stored.key, stored.uploadId, attempt.signal);
    const there = new Map(listed.map((part) => [part.number, part]));
    deps.repos.transaction(() => {
      for (const part of uploads.parts(operation.id))
        if (there.get(part.number)?.etag !== part.etag) uploads.removePart(operation.id, part.number);
    });
    return { ...stored, uploadId: stored.uploadId };
  } catch (error) {
    if (!isUploadGone(error)) throw error;
    // It expired: the caller has seen that it was not completed.
    deps.repos.transaction(() => {
      uploads.remove(operation.id);
    });
    return null;
  }
}

async function begin(run: CopyRun, object: ObjectAttributes, sizeBytes: number): Promise<OpenUpload> {
  const { deps, operation, target, attempt } = run;
  const upload: StoredUpload = {
    operation: operation.id,
    destination: target.name,
    place: target.place,
    key: object.key,
    uploadId: null,
    intentAt: target.serviceNow(),
    sizeBytes,
    partSizeBytes: partSizeFor(sizeBytes, run.partSizeBytes),
    algorithm: target.checksumAlgorithm,
    fingerprint: uploadSpec(operation).fingerprint,
  };
  deps.repos.uploads.insert(upload);
  const { uploadId } = await target.store.createUpload(object, upload.algorithm, attempt.signal);
  deps.repos.uploads.setUploadId(operation.id, uploadId);
  return { ...upload, uploadId };
}

/** Copies what is missing, several parts at a time; all of them settle before it returns. All parts, in order. */
async function copyMissing(run: CopyRun, upload: OpenUpload, source: ObjectVersion): Promise<readonly StoredPart[]> {
  const { deps, operation, target, attempt } = run;
  const done = new Set(deps.repos.uploads.parts(operation.id).map(({ number }) => number));
  const count = partCount(upload.sizeBytes, upload.partSizeBytes);
  const missing = Array.from({ length: count }, (_, index) => index + 1).filter((number) => !done.has(number));
  const next = missing.values();
  const failed = new AbortController();
  const signal = AbortSignal.any([attempt.signal, failed.signal]);
  const worker = async () => {
    for (const number of next) {
      try {
        await copyPart(run, upload, source, plannedPart(upload.sizeBytes, upload.partSizeBytes, number), signal);
      } catch (error) {
        failed.abort(error);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(target.partConcurrency, missing.length) }, worker));
  attempt.signal.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason as Error;
  return deps.repos.uploads.parts(operation.id);
}

async function copyPart(
  { deps, operation, target }: CopyRun,
  { key, uploadId, algorithm }: OpenUpload,
  source: ObjectVersion,
  { number, offset, sizeBytes }: PlannedPart,
  signal: AbortSignal,
): Promise<void> {
  const claim = { group: operation.lane, owner: operation.id, bulk: true, paced: false };
  const release = await target.transfers.acquire(signal, claim);
  try {
    const { etag, checksum } = await target.store.copyPart(key, uploadId, number, source, offset, sizeBytes, signal);
    const value = checksum?.algorithm === algorithm ? checksum.value : NOT_TOLD;
    deps.repos.uploads.addPart(operation.id, { number, sizeBytes, checksum: value, etag, doneAt: deps.clock.now() });
  } finally {
    release();
  }
}

/** What all parts add up to; null where the service does not say it of each. Not what the version is: the copy starts anew. */
function wholeChecksum(
  { deps, operation }: CopyRun,
  { algorithm, key }: OpenUpload,
  parts: readonly StoredPart[],
  old: RemoteObject,
): Checksum | null {
  if (parts.some(({ checksum }) => checksum === NOT_TOLD)) return null;
  const whole = combineChecksums(
    algorithm,
    parts.map(({ checksum: value, sizeBytes }) => ({ checksum: { algorithm, value }, sizeBytes })),
  );
  const reported = old.checksums.find((sum) => sum.algorithm === algorithm);
  if (reported === undefined || reported.value === whole.value) return whole;
  abandonCopy(deps, operation);
  throw new LongshoreError('s3.checksum-mismatch', { subject: key, detail: 'the copy in parts' });
}

export function isUploadGone(error: unknown): boolean {
  return error instanceof LongshoreError && error.code === 's3.no-such-upload';
}
