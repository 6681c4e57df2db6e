import type { OperationKind } from '../core/operation.ts';
import type { StateCount } from '../db/queue-queries.ts';

/**
 * What people are told is being done: one word for all of it, where there is one; null when there is nothing. Between two
 * attempts the lanes of what waits tell it as well as they can.
 */
export function kindOfWork(
  running: ReadonlySet<OperationKind>,
  open: readonly Pick<StateCount, 'lane' | 'operations'>[],
): OperationKind | 'mixed' | null {
  const kinds = running.size > 0 ? running : new Set(open.filter((row) => row.operations > 0).map(kindOfLane));
  const [first] = kinds;
  if (first === undefined) return null;
  return kinds.size === 1 ? first : 'mixed';
}

/** What a lane mostly holds. */
function kindOfLane({ lane }: Pick<StateCount, 'lane'>): OperationKind {
  if (lane.startsWith('deletes:')) return 'file.delete';
  return lane.startsWith('folder:') ? 'file.upload' : 'api.call';
}
