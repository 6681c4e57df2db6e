import { LongshoreError } from '../../core/longshore-error.ts';
import type { ObjectStore, WriteCondition } from '../../core/ports.ts';
import { conditionHolds, deleteConditionHolds, type Conditioned } from './condition-holds.ts';

/**
 * One write under its condition, whatever the service makes of conditions (DESIGN section 7). It honours them: it is sent as
 * it is. It ignores them, or may: a look right before stands in. It refuses the whole request for having one: after the look
 * it is sent without. Null when a look, that of `write` included, finds that the condition does not hold.
 */
export async function writeUnder<T>(
  target: Conditioned,
  step: 'put' | 'complete' | 'copy',
  key: string,
  condition: WriteCondition,
  signal: AbortSignal,
  write: (condition: WriteCondition | null) => Promise<T | null>,
): Promise<T | null> {
  const name = `${step}-${condition.kind}` as const;
  if (!(await conditionHolds(target, step, key, condition, signal))) return null;
  if (target.refuses?.(name) !== true) {
    try {
      return await write(condition);
    } catch (error) {
      if (target.honours(name) || !isConditionRefused(error)) throw error;
    }
    if (!(await conditionHolds(target, step, key, condition, signal))) return null;
  }
  signal.throwIfAborted();
  const written = await write(null);
  // Only now it is known that it was the condition which the service did not want.
  if (written !== null) target.heardRefusal?.(name);
  return written;
}

/** The same for a delete of exactly this version. Null when another version is there. */
export async function removeUnder(
  target: Conditioned & { readonly store: Pick<ObjectStore, 'head' | 'remove'> },
  key: string,
  etag: string,
  signal: AbortSignal,
  commitSignal: AbortSignal = signal,
): Promise<{ readonly versionId: string | null } | null> {
  if (!(await deleteConditionHolds(target, key, etag, signal))) return null;
  if (target.refuses?.('delete-match') !== true) {
    try {
      return await target.store.remove(key, etag, commitSignal);
    } catch (error) {
      if (target.honours('delete-match') || !isConditionRefused(error)) throw error;
    }
    if (!(await deleteConditionHolds(target, key, etag, signal))) return null;
  }
  signal.throwIfAborted();
  const removed = await target.store.remove(key, null, commitSignal);
  target.heardRefusal?.('delete-match');
  return removed;
}

/** Some services answer a request that has a condition with "not implemented" instead of ignoring it. */
export function isConditionRefused(error: unknown): boolean {
  if (!(error instanceof LongshoreError) || error.code !== 's3.not-supported') return false;
  return error.context.serviceCode === 'NotImplemented' || error.context.status === 501;
}
