import type { ObjectStore, WriteCondition } from '../../core/ports.ts';
import type { ConditionalWrite } from './capabilities.ts';

/** What a stand-in needs of a destination. */
export interface Conditioned {
  readonly store: Pick<ObjectStore, 'head'>;
  honours(write: ConditionalWrite): boolean;
  /** Whether the service is known to refuse such a write for having a condition at all. Absent: it does not. */
  refuses?(write: ConditionalWrite): boolean;
  /** It just did. */
  heardRefusal?(write: ConditionalWrite): void;
}

/**
 * A look right before a write whose condition the service would ignore, or may: true when the condition holds, or when the
 * service sees to it itself. The condition is sent all the same. False is to be taken like the service's refusal: look at the
 * key and judge.
 */
export async function conditionHolds(
  target: Conditioned,
  step: 'put' | 'complete' | 'copy',
  key: string,
  condition: WriteCondition,
  signal: AbortSignal,
): Promise<boolean> {
  if (target.honours(`${step}-${condition.kind}`)) return true;
  const remote = await target.store.head(key, signal);
  return condition.kind === 'create' ? remote === null : remote?.etag === condition.etag;
}

/**
 * The same before a delete. It does not hold either where nothing is there any more: a bucket that keeps versions would
 * take one more delete for one more delete marker (P5).
 */
export async function deleteConditionHolds(
  target: Conditioned,
  key: string,
  etag: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (target.honours('delete-match')) return true;
  const remote = await target.store.head(key, signal);
  return remote?.etag === etag;
}
