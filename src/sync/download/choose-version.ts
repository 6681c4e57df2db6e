import { LongshoreError } from '../../core/longshore-error.ts';
import type { RemoteObject } from '../../core/ports.ts';
import type { Repositories } from '../../db/repositories.ts';
import type { StoredOperation } from '../../db/stored-operation.ts';
import { amendRunning } from '../amend-running.ts';
import { mtimeOf } from '../object-metadata.ts';
import type { Attempt } from '../outcome.ts';
import type { DownloadSpec } from '../specs.ts';
import type { UploadTarget } from '../upload/upload-context.ts';

/** What one attempt at one download works with. */
export interface DownloadRun {
  readonly operation: StoredOperation;
  readonly target: UploadTarget;
  readonly attempt: Attempt;
  /** Absolute. */
  readonly path: string;
  spec: DownloadSpec;
  /** The object as it is now; null when only old versions are there. */
  current: RemoteObject | null;
  /** What the service says of the version that is brought; null when it can't be asked for. */
  version: RemoteObject | null;
}

/** Settles on what is current in the storage, or on the old version that was asked for. */
export async function chooseVersion(repos: Repositories, run: DownloadRun): Promise<void> {
  const { target, attempt, operation, spec } = run;
  run.current = await target.store.head(spec.key, attempt.signal);
  if (run.current?.etag === spec.etag) {
    run.version = run.current;
    if (spec.sizeBytes !== run.current.sizeBytes) take(run, run.current);
    return;
  }
  if (spec.pinned === true && spec.versionId !== null) {
    const found = await target.store.head(spec.key, attempt.signal, spec.versionId);
    if (found === null) throw new LongshoreError('s3.no-such-key', { subject: spec.key });
    if (found.etag !== spec.etag) return;
    run.version = found;
    if (spec.sizeBytes !== found.sizeBytes) take(run, found);
    return;
  }
  if (run.current === null) throw new LongshoreError('s3.no-such-key', { subject: spec.key });
  // Theirs was chosen, and it is another one by now: to bring the one before would make it ours, over theirs (P4).
  take(run, run.current);
  run.version = run.current;
  if (!amendRunning(repos, operation, { spec: run.spec, bytesTotal: run.spec.sizeBytes }))
    throw new LongshoreError('internal.unknown', { detail: 'the lease is gone' });
}

function take(run: DownloadRun, { etag, versionId, sizeBytes, metadata, lastModified }: RemoteObject): void {
  run.spec = { ...run.spec, etag, versionId, sizeBytes, mtimeMs: mtimeOf(metadata) ?? lastModified };
}
