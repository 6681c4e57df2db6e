import { newOperationId } from '../../core/ids.ts';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { RemoteObject, RemoteVersion, WriteCondition } from '../../core/ports.ts';
import type { StoredOperation, StoredVersion } from '../../db/stored-operation.ts';
import { writeUnder } from '../capabilities/conditional-write.ts';
import { METADATA_OPERATION } from '../object-metadata.ts';
import type { Attempt, Outcome } from '../outcome.ts';
import { uploadSpec } from '../specs.ts';
import { versionOf } from '../stored-version.ts';
import { COPY_LIMIT_BYTES } from '../move/copy-object.ts';
import { fileOf, rowOfObject } from '../upload/inventory-file.ts';
import type { UploadDeps, UploadTarget } from '../upload/upload-context.ts';
import { abandonCopy, copyInParts, isUploadGone } from './copy-in-parts.ts';
import { queueDownload } from './queue-download.ts';

/** How an old version is copied back, bytes. */
export interface RestoreLimits {
  /** Above this it takes several requests. */
  readonly copyLimitBytes: number;
  /** Each of which copies about so much: no byte passes this computer, so that few large ones are best. */
  readonly copyPartBytes: number;
}

const RESTORE_LIMITS: RestoreLimits = { copyLimitBytes: COPY_LIMIT_BYTES, copyPartBytes: 256 * 1024 ** 2 };

/**
 * Undoes a decision: the service copies the old version over what is there, pinned to the version that the inventory knows
 * (P4), in parts where it is too large for one request. The copy carries the operation's id like any write of ours, so that a
 * lost reply does no harm.
 */
export async function restoreVersion(
  deps: UploadDeps,
  operation: StoredOperation,
  old: StoredVersion,
  target: UploadTarget,
  attempt: Attempt,
  limits: RestoreLimits = RESTORE_LIMITS,
): Promise<Outcome> {
  const { key } = uploadSpec(operation);
  const overtaken = () => givenUp(deps, operation, 'undo.overtaken', key);
  const present = await target.store.head(key, attempt.signal);
  if (present !== null && isOurs(present, operation)) return restored(deps, operation, old, present);
  const known = rowOfObject(deps, operation)?.base ?? null;
  // What is there is not what the person saw when taking the decision back.
  if (present !== null && present.etag !== known?.etag) return overtaken();
  const condition: WriteCondition = present === null ? { kind: 'create' } : { kind: 'replace', etag: present.etag };
  const object = {
    key,
    contentType: operation.contentType ?? 'application/octet-stream',
    metadata: { ...old.metadata, [METADATA_OPERATION]: operation.id },
  };
  attempt.signal.throwIfAborted();
  try {
    const source = { key, etag: old.etag, versionId: old.versionId };
    const inParts = (old.sizeBytes ?? 0) > limits.copyLimitBytes;
    const run = { deps, operation, target, attempt, partSizeBytes: limits.copyPartBytes };
    const reply = inParts
      ? await copyInParts(run, source, object, condition)
      : await writeUnder(target, 'copy', key, condition, attempt.signal, (given) =>
          target.store.copy(source, object, given, attempt.commitSignal),
        );
    if (reply === null) return overtaken();
    if (reply.etag !== null) return restored(deps, operation, old, { etag: reply.etag, versionId: reply.versionId });
  } catch (error) {
    if (!(error instanceof LongshoreError)) throw error;
    if (isVersionGone(error)) return givenUp(deps, operation, 'undo.version-gone', key);
    if (isUploadGone(error)) return await afterLostUpload(deps, operation, old, target, attempt, error);
    if (!isRefused(error)) {
      // A wrong checksum won't heal by repetition, and a Complete that met another write wants a new upload.
      if (error.code === 's3.checksum-mismatch' || error.code === 's3.busy') abandonCopy(deps, operation);
      throw error;
    }
  }
  const now = await target.store.head(key, attempt.commitSignal);
  return now !== null && isOurs(now, operation) ? restored(deps, operation, old, now) : overtaken();
}

function isOurs(remote: RemoteObject, operation: StoredOperation): boolean {
  return remote.metadata[METADATA_OPERATION] === operation.id;
}

/** 404 of the source; services also say 400 or 405 for a version that they do not have, or that is a delete marker. */
function isVersionGone(error: LongshoreError): boolean {
  return (
    error.code === 's3.no-such-key' ||
    error.context.serviceCode === 'NoSuchVersion' ||
    error.context.serviceCode === 'NoSuchKey'
  );
}

function isRefused(error: LongshoreError): boolean {
  return error.class === 'conflict' || error.code === 's3.precondition-failed';
}

/** An upload that the service does not know any more was completed, and the reply was lost; or it expired: then anew. */
async function afterLostUpload(
  deps: UploadDeps,
  operation: StoredOperation,
  old: StoredVersion,
  target: UploadTarget,
  attempt: Attempt,
  error: LongshoreError,
): Promise<Outcome> {
  const now = await target.store.head(uploadSpec(operation).key, attempt.commitSignal);
  if (now !== null && isOurs(now, operation)) return restored(deps, operation, old, now);
  deps.repos.transaction(() => {
    deps.repos.uploads.remove(operation.id);
  });
  throw error;
}

/** It comes to nothing, for good: a copy that was begun is cleared away (P7). */
function givenUp(
  deps: UploadDeps,
  operation: StoredOperation,
  code: 'undo.overtaken' | 'undo.version-gone',
  key: string,
): Outcome {
  abandonCopy(deps, operation);
  return { kind: 'failed', error: new LongshoreError(code, { subject: key }) };
}

function restored(
  deps: UploadDeps,
  operation: StoredOperation,
  old: StoredVersion,
  version: RemoteVersion | RemoteObject,
): Outcome {
  const brought: StoredVersion = {
    etag: version.etag,
    versionId: version.versionId,
    sizeBytes: old.sizeBytes,
    lastModified: versionOf(version)?.lastModified ?? null,
    ...(old.metadata === undefined ? {} : { metadata: old.metadata }),
  };
  return {
    kind: 'succeeded',
    change: { remote: brought, externalId: version.versionId ?? version.etag },
    details: { result: 'version-restored', from: old.versionId, etag: version.etag },
    apply: () => {
      // Completed: nothing is left of it that could be aborted.
      deps.repos.uploads.remove(operation.id);
      const decisions = deps.conflicts.deps;
      const file = rowOfObject(deps, operation);
      // The folder goes to another place by now.
      if (file === null && fileOf(deps, operation) !== null) return;
      if (decisions.rules(operation).mode === 'mirror' && operation.path !== null) {
        // As with *keep remote*: theirs comes here, ours is kept aside; the base moves with it.
        const place = {
          id: newOperationId(decisions.clock, decisions.random),
          key: uploadSpec(operation).key,
          path: operation.path,
        };
        queueDownload(decisions, operation, place, brought, file?.fingerprint ?? null, 'undo');
      } else if (file !== null) {
        const base = { etag: version.etag, versionId: version.versionId };
        deps.repos.files.setBase(file.folder, file.dir, file.name, base, null);
      }
    },
  };
}
