import type { StoredOperation } from '../../db/stored-operation.ts';
import type { Attempt, Outcome } from '../outcome.ts';
import { uploadSpec } from '../specs.ts';
import { conflictingVersion } from '../stored-version.ts';
import { fileOf } from '../upload/inventory-file.ts';
import type { UploadDeps, UploadTarget } from '../upload/upload-context.ts';

/**
 * *Keep remote* of what was deleted there, in mirror mode: the local file goes to the system's trash, never away for good
 * (P13). Only while nothing is there still, and only the state of the file that was decided about.
 */
export async function discardLocal(
  deps: UploadDeps,
  operation: StoredOperation,
  target: UploadTarget,
  path: string,
  attempt: Attempt,
): Promise<Outcome> {
  const { key, fingerprint } = uploadSpec(operation);
  const remote = await target.store.head(key, attempt.signal);
  if (remote !== null) {
    const found = { code: 'conflict.exists', base: null, remote: conflictingVersion(remote) } as const;
    return deps.conflicts.outcome(operation, found);
  }
  attempt.signal.throwIfAborted();
  // Not there any more: an attempt before a crash did it, or the user; both are what was wanted.
  if ((await deps.files.stat(path)) !== null) await deps.changes.trash(path, fingerprint, attempt.signal);
  return {
    kind: 'succeeded',
    change: { bytesDone: 0, remote: null },
    details: { result: 'moved-to-trash' },
    apply: () => {
      const file = fileOf(deps, operation);
      if (file === null || (file.fingerprint !== null && file.fingerprint !== fingerprint)) return;
      deps.repos.files.put({ ...file, fingerprint: null, base: null, checksum: null });
    },
  };
}
