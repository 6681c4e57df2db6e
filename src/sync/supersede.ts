import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';

/** Asks the executor of a running operation to stop; does nothing where none runs here. */
export type StopRunning = (operation: StoredOperation, reason: 'cancelled' | 'superseded') => void;

/** Operations that a newer local state replaces. Calls on the same resource have their own order and stay. */
const REPLACED = new Set(['file.upload', 'file.delete']);

/**
 * A newer state of a file replaces whatever is unfinished, failed or in conflict for its key (DESIGN section 5). A running
 * one is told to stop and ends as superseded once its executor has settled; the newer one waits for it by order of keys.
 */
export function supersede(repos: Repositories, resourceKey: string, reason: string, stopRunning: StopRunning): void {
  for (const operation of repos.operations.unfinishedOn(resourceKey)) {
    if (!REPLACED.has(operation.kind)) continue;
    if (operation.state === 'running') {
      if (operation.ending !== null) continue;
      const ending = repos.operations.amend(
        operation,
        { ending: 'superseded' },
        { type: 'superseding', details: { reason } },
      );
      if (ending !== null) stopRunning(ending, 'superseded');
    } else {
      repos.operations.transition(operation, 'supersede', {}, { details: { reason } });
    }
  }
}
