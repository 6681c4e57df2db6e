import { newOperationId } from '../../core/ids.ts';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { RemoteObject, RemoteVersion, WriteCondition } from '../../core/ports.ts';
import type { StoredOperation, StoredVersion } from '../../db/stored-operation.ts';
import { writeUnder } from '../capabilities/conditional-write.ts';
import { METADATA_OPERATION } from '../object-metadata.ts';
import type { Attempt, Outcome } from '../outcome.ts';
import { uploadSpec } from '../specs.ts';
import { versionOf } from '../stored-version.ts';
import { fileOf } from '../upload/inventory-file.ts';
import type { UploadDeps, UploadTarget } from '../upload/upload-context.ts';
import { queueDownload } from './queue-download.ts';

/**
 * Undoes a decision: the service copies the old version over what is there, pinned to the version that the inventory knows
 * (P4). The copy carries the operation's id like any write of ours, so that a lost reply does no harm.
 */
export async function restoreVersion(
  deps: UploadDeps,
  operation: StoredOperation,
  old: StoredVersion,
  target: UploadTarget,
  attempt: Attempt,
): Promise<Outcome> {
  const { key } = uploadSpec(operation);
  const present = await target.store.head(key, attempt.signal);
  if (present !== null && isOurs(present, operation)) return restored(deps, operation, old, present);
  const known = fileOf(deps, operation)?.base ?? null;
  // What is there is not what the person saw when taking the decision back.
  if (present !== null && present.etag !== known?.etag) return overtaken(key);
  const condition: WriteCondition = present === null ? { kind: 'create' } : { kind: 'replace', etag: present.etag };
  const object = {
    key,
    contentType: operation.contentType ?? 'application/octet-stream',
    metadata: { ...old.metadata, [METADATA_OPERATION]: operation.id },
  };
  attempt.signal.throwIfAborted();
  try {
    const source = { key, etag: old.etag, versionId: old.versionId };
    const reply = await writeUnder(target, 'copy', key, condition, attempt.signal, (given) =>
      target.store.copy(source, object, given, attempt.commitSignal),
    );
    if (reply === null) return overtaken(key);
    if (reply.etag !== null) return restored(deps, operation, old, { etag: reply.etag, versionId: reply.versionId });
  } catch (error) {
    if (!(error instanceof LongshoreError)) throw error;
    if (isVersionGone(error))
      return { kind: 'failed', error: new LongshoreError('undo.version-gone', { subject: key }) };
    if (error.class !== 'conflict' && error.code !== 's3.precondition-failed') throw error;
  }
  const now = await target.store.head(key, attempt.commitSignal);
  return now !== null && isOurs(now, operation) ? restored(deps, operation, old, now) : overtaken(key);
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

function overtaken(key: string): Outcome {
  return { kind: 'failed', error: new LongshoreError('undo.overtaken', { subject: key }) };
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
      const decisions = deps.conflicts.deps;
      const file = fileOf(deps, operation);
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
