import { LongshoreError } from '../core/longshore-error.ts';
import type { RemoteVersion } from '../core/ports.ts';
import type { BaseVersion } from '../db/files-repo.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import { removeUnder } from './capabilities/conditional-write.ts';
import type { AutomaticDecisions } from './conflicts/automatic-decisions.ts';
import type { FoundConflict } from './conflicts/conflict-rules.ts';
import type { Attempt } from './outcome.ts';
import { conflictingVersion, versionOf } from './stored-version.ts';
import { authorOf } from './upload/author.ts';
import type { UploadTarget } from './upload/upload-context.ts';

/** How often one attempt may find that the remote side moved before it gives the turn back to the retry policy. */
const MAX_TURNS = 4;

export interface RemovalRun {
  readonly repos: Repositories;
  readonly conflicts: Pick<AutomaticDecisions, 'localWins'>;
  readonly operation: StoredOperation;
  readonly target: UploadTarget;
  readonly attempt: Attempt;
}

export type Removal =
  /** The version that was removed, and the delete marker where the bucket keeps versions. */
  | { readonly kind: 'removed'; readonly version: RemoteVersion; readonly markerVersionId: string | null }
  /** Nothing is there: an earlier attempt whose reply was lost, or another hand. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'conflict'; readonly found: FoundConflict };

/**
 * Removes the object at `key` if it still is the version that we know (P4). May be run again after a crash at any point
 * (P5): what is gone is done. Another's version is a conflict, unless the folder's strategy says that ours wins.
 */
export async function removeObject(run: RemovalRun, key: string, base: BaseVersion): Promise<Removal> {
  const { target, attempt, operation, repos } = run;
  // An earlier attempt may have done it, and S3 takes a delete of what is gone for one more delete marker.
  if (base.leaving === true && (await target.store.head(key, attempt.signal)) === null) return { kind: 'gone' };
  let expected: RemoteVersion = base;
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    const marker = await removeVersion(run, key, expected);
    if (marker !== null) {
      const { etag, versionId } = expected;
      return { kind: 'removed', version: { etag, versionId }, markerVersionId: marker.versionId };
    }
    const remote = await target.store.head(key, attempt.signal);
    if (remote === null) return { kind: 'gone' };
    if (remote.etag === expected.etag) continue;
    if (authorOf(repos, operation, key, remote) !== 'someone-else') {
      // A write of ours that was never recorded: the file that it came from is gone as well.
      expected = remote;
      continue;
    }
    const found: FoundConflict = {
      code: 'conflict.changed',
      base: versionOf(expected),
      remote: conflictingVersion(remote),
    };
    if (!run.conflicts.localWins(operation, found)) return { kind: 'conflict', found };
    expected = remote;
  }
  throw new LongshoreError('s3.busy', { subject: key });
}

/** Null when it is not that version any more. What has been sent may finish: half of the answer is worse than none. */
async function removeVersion(
  { target, attempt }: RemovalRun,
  key: string,
  expected: RemoteVersion,
): Promise<{ readonly versionId: string | null } | null> {
  attempt.signal.throwIfAborted();
  try {
    return await removeUnder(target, key, expected.etag, attempt.signal, attempt.commitSignal);
  } catch (error) {
    if (!(error instanceof LongshoreError)) throw error;
    if (error.class === 'conflict' || error.code === 's3.precondition-failed') return null;
    throw error;
  }
}
