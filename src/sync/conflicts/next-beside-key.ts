import { LongshoreError } from '../../core/longshore-error.ts';
import { objectResource, type UploadSpec } from '../specs.ts';
import { fileOf } from '../upload/inventory-file.ts';
import type { UploadRun } from '../upload/upload-context.ts';
import { freeBesideKey } from './beside-key.ts';

/**
 * The name that *keep both* gave to ours is taken in the storage as well: the next one, with a counter, is fixed and stored
 * before it is used. Returns the run under its new key; `stopped` errors never come from here.
 */
export function nextBesideKey(run: UploadRun): UploadRun {
  const { deps, operation } = run;
  const { repos } = deps;
  const { destination, folder } = operation;
  return repos.transaction(() => {
    const seen = repos.operations.bySeq(operation.seq) ?? operation;
    const tries = typeof seen.memo['besideTries'] === 'number' ? seen.memo['besideTries'] : 1;
    const original = fileOf(deps, operation)?.key ?? run.spec.key;
    const key =
      destination === null || folder === null
        ? null
        : freeBesideKey(deps.conflicts.deps, { destination, folder }, original, tries + 1);
    if (key === null || destination === null) throw new LongshoreError('s3.key-too-long', { subject: run.spec.key });
    const spec: UploadSpec = { ...run.spec, key };
    const memo = { ...seen.memo, besideTries: tries + 1 };
    // Parts that were sent went to the other name.
    if (repos.uploads.get(operation.id) !== null) repos.uploads.abandon(operation.id, deps.clock.now());
    repos.operations.addKey(operation.seq, objectResource(destination, key));
    const renamed = repos.operations.amend(seen, { spec, target: key, memo, bytesDone: 0 });
    // Whoever took the lease away settles it; nothing is sent under a name that is not stored.
    if (renamed === null) throw new LongshoreError('s3.busy', { subject: run.spec.key });
    return { ...run, operation: renamed, spec };
  });
}
