import { identityOf } from '../core/fingerprint.ts';
import type { OperationKind } from '../core/operation.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import { splitPath } from './paths.ts';
import { moveSpec } from './specs.ts';

/** Asks the executor of a running operation to stop; does nothing where none runs here. */
export type StopRunning = (operation: StoredOperation, reason: 'cancelled' | 'superseded') => void;

/** Operations that a newer local state replaces. Calls on the same resource have their own order and stay. */
const REPLACED: ReadonlySet<OperationKind> = new Set(['file.upload', 'file.delete', 'file.move', 'file.download']);

/**
 * A newer state of a file replaces whatever is unfinished, failed or in conflict for its key (DESIGN section 5). A running
 * one is told to stop and ends as superseded once its executor has settled; the newer one waits for it by order of keys.
 * A move is replaced through its new name alone: what comes to stand at the old one waits until the copy is made.
 * `stays`: those that the newer state does not concern.
 */
export function supersede(
  repos: Repositories,
  resourceKey: string,
  reason: string,
  stopRunning: StopRunning,
  stays: (operation: StoredOperation) => boolean = () => false,
): void {
  for (const operation of repos.operations.unfinishedOn(resourceKey)) {
    if (stays(operation)) continue;
    // What is being undone goes on being undone: the newer one waits for its end, by order of keys.
    if (!REPLACED.has(operation.kind) || operation.state === 'compensating') continue;
    if (operation.kind === 'file.move' && operation.resourceKey !== resourceKey) continue;
    const ended = supersedeOne(repos, operation, reason, stopRunning);
    if (operation.kind === 'file.move') reviveSource(repos, ended);
  }
}

/** One operation; a running one is told to stop. As it is afterwards. */
export function supersedeOne(
  repos: Repositories,
  operation: StoredOperation,
  reason: string,
  stopRunning: StopRunning,
): StoredOperation {
  const details = { reason };
  if (operation.state !== 'running')
    return repos.operations.transition(operation, 'supersede', {}, { details }) ?? operation;
  if (operation.ending !== null) return operation;
  const ending = repos.operations.amend(operation, { ending: 'superseded' }, { type: 'superseding', details });
  if (ending !== null) stopRunning(ending, 'superseded');
  return ending ?? operation;
}

/**
 * The move does not take place: the old name is a tombstone again, so that its object follows, or moves to the name that
 * the file has by now. Where the move was done after all, nothing is left under the old key, and nothing follows. Its grace
 * begins anew: the file was under way until now, and its next name may not have been met yet.
 */
function reviveSource(repos: Repositories, move: StoredOperation): void {
  if (move.folder === null) return;
  const spec = moveSpec(move);
  const { dir, name } = splitPath(spec.fromPath);
  const source = repos.tombstones.get(move.folder, dir, name);
  if (source === null || source.key !== spec.fromKey) return;
  repos.tombstones.bury(move.folder, dir, name, {
    goneAt: Math.max(source.goneAt, move.updatedAt),
    identity: identityOf(spec.fingerprint),
    deleteRemote: source.deleteRemote || spec.deleteSource,
  });
}
