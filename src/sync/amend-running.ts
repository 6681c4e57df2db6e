import type { Repositories } from '../db/repositories.ts';
import type { OperationChange, StoredOperation } from '../db/stored-operation.ts';

/**
 * Checkpoints facts of an operation that runs, fenced by its lease. False when the lease is gone: whoever asks has to stop.
 * What others have written meanwhile (that it is to end, say) stays.
 */
export function amendRunning(repos: Repositories, leased: StoredOperation, change: OperationChange): boolean {
  return repos.transaction(() => {
    const seen = repos.operations.bySeq(leased.seq);
    if (seen?.state !== 'running' || seen.leaseAttempt !== leased.leaseAttempt) return false;
    return repos.operations.amend(seen, change) !== null;
  });
}

/** The same for what an operation remembers between attempts: fields that are given replace those before. */
export function rememberRunning(
  repos: Repositories,
  leased: StoredOperation,
  memo: Readonly<Record<string, unknown>>,
  change: OperationChange = {},
): boolean {
  return repos.transaction(() => {
    const seen = repos.operations.bySeq(leased.seq);
    if (seen === null) return false;
    return amendRunning(repos, leased, { ...change, memo: { ...seen.memo, ...memo } });
  });
}
