import { isSameFolderPlace } from '../config/storage-place.ts';
import type { Clock } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import type { PlannedFolder } from './planned-folder.ts';
import { deletesLane, folderLane } from './specs.ts';
import { supersedeOne, type StopRunning } from './supersede.ts';
import { inTurns, QUEUE_COST, type Steps } from './turns.ts';

const PAGE = 100;

export interface SettleInDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly stopRunning: StopRunning;
}

export interface PlacedFolder extends PlannedFolder {
  readonly place: string;
}

/** What is queued is for the place where this configuration has the folder's files go; true where nothing ever was. */
export function isInPlace(
  { folders }: Pick<Repositories, 'folders'>,
  folder: Pick<PlacedFolder, 'name' | 'place'>,
): boolean {
  const stored = folders.get(folder.name)?.place ?? null;
  return stored === null || isSameFolderPlace(stored, folder.place);
}

/**
 * What keeps a person's word about an operation of a folder from taking effect where the operation's object is; null: nothing.
 * `place`: where the configuration has the folder's files go; null where it has no such folder.
 */
export function placeTrouble(
  repos: Pick<Repositories, 'folders'>,
  { folder: name, seq }: Pick<StoredOperation, 'folder' | 'seq'>,
  place: string | null,
): 'folder.not-configured' | 'folder.another-place' | null {
  if (name === null) return null;
  if (place === null) return 'folder.not-configured';
  const since = repos.folders.get(name)?.placeSince ?? 0;
  return seq > since && isInPlace(repos, { name, place }) ? null : 'folder.another-place';
}

/**
 * Before a folder is looked at for the first time under a configuration: what the inventory says holds for the place in the
 * storage that it was made for, and what was to be deleted holds for mirror mode.
 */
export async function settleIn(deps: SettleInDeps, folder: PlacedFolder, signal: AbortSignal): Promise<void> {
  const { folders } = deps.repos;
  const stored = folders.get(folder.name);
  if (stored === null) return;
  // Files that go elsewhere from now on have to go there all; versions of the old place say nothing of the new one.
  const stays = isInPlace(deps.repos, folder);
  if (!stays) await inTurns(deps, signal, startAnew(deps, folder.name));
  if (stored.place !== folder.place)
    folders.setPlace(folder.name, folder.place, stays ? stored.placeSince : deps.repos.operations.lastSeq());
  if (folder.mode !== 'mirror' || stored.marker === null) {
    const reason = 'deletes are not followed any more';
    await inTurns(deps, signal, endRunning(deps, deletesLane(folder.name), reason));
    await inTurns(deps, signal, keepObjects(deps.repos, folder.name, reason));
    if (folder.mode !== 'mirror') folders.setMarker(folder.name, null);
    folders.setGuard(folder.name, null);
  }
}

/** The objects of files that are gone stay where they are; deletes that wait in the outbox end. Returns how many stay. */
export function* keepObjects(repos: Repositories, folder: string, reason: string): Steps<number> {
  let kept = 0;
  for (let changed = 1; changed > 0; kept += changed) {
    changed = repos.tombstones.keep(folder, PAGE);
    yield changed * QUEUE_COST;
  }
  for (;;) {
    const items = repos.queue.restingInLane(deletesLane(folder), PAGE);
    if (items.length === 0) return kept;
    for (const operation of items) repos.operations.transition(operation, 'supersede', {}, { details: { reason } });
    kept += items.length;
    yield items.length * QUEUE_COST;
  }
}

/** What runs is told to stop, and does not go on once it has stopped. */
function* endRunning(deps: SettleInDeps, lane: string, reason: string): Steps<void> {
  for (const operation of deps.repos.operations.running()) {
    if (operation.lane !== lane || operation.ending !== null) continue;
    supersedeOne(deps.repos, operation, reason, deps.stopRunning);
    yield QUEUE_COST;
  }
}

function* startAnew(deps: SettleInDeps, folder: string): Steps<void> {
  const { repos } = deps;
  const reason = 'the folder goes to another place now';
  const note = { details: { reason } };
  for (const lane of [folderLane(folder), deletesLane(folder)]) {
    yield* endRunning(deps, lane, reason);
    for (;;) {
      const items = repos.queue.restingInLane(lane, PAGE);
      if (items.length === 0) break;
      for (const operation of items) repos.operations.transition(operation, 'supersede', {}, note);
      yield items.length * QUEUE_COST;
    }
  }
  while (repos.tombstones.wipe(folder, PAGE) > 0) yield PAGE * QUEUE_COST;
  // What the old place has is no reason to put a file away that the new one still has to get.
  repos.afterUploads.annul(folder, reason, deps.clock.now());
  repos.folders.setGuard(folder, null);
  repos.folders.setMarker(folder, null);
}
