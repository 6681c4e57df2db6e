import type { Clock, EpochMs } from '../core/ports.ts';
import type { StoredGuard } from '../db/folders-repo.ts';
import type { MassDeleteView } from '../protocol/shapes.ts';
import { keepObjects } from '../sync/folder-place.ts';
import { isHeld } from '../sync/mass-delete.ts';
import { inTurns } from '../sync/turns.ts';
import { iso } from './operation-view.ts';
import type { SyncCore } from './sync-core.ts';

/** A mass delete as people see it; null when there is none, or it was allowed. */
export function massDeleteView(guard: StoredGuard | null): MassDeleteView | null {
  if (guard === null || !isHeld(guard)) return null;
  return { count: guard.count, of: guard.of, since: iso(guard.since), sample: [...guard.sample] };
}

/** What waits for a word, by folder. */
export function massDeletes(core: SyncCore): (MassDeleteView & { readonly folder: string })[] {
  return core.config.folders.flatMap(({ name }) => {
    const view = massDeleteView(core.repos.folders.get(name)?.guard ?? null);
    return view === null ? [] : [{ folder: name, ...view }];
  });
}

/**
 * What a person says of a mass delete. `delete`: what is gone by now may go from the storage as well, after one more look.
 * `keep`: its objects stay where they are. Null when no mass delete waits; else how many files it concerns.
 */
export async function decideDeletes(
  core: SyncCore,
  clock: Clock,
  folder: string,
  decision: 'delete' | 'keep',
): Promise<number | null> {
  const { repos } = core;
  const guard = repos.folders.get(folder)?.guard ?? null;
  if (guard === null || !isHeld(guard)) return null;
  if (decision === 'delete') {
    const allowedAt: EpochMs = clock.now();
    repos.folders.setGuard(folder, { ...guard, allowedAt });
    tell(core, clock, folder, { decision, count: guard.count, of: guard.of });
    core.decided(folder);
    return guard.count;
  }
  const kept = await keep(core, clock, folder, 'kept by you');
  tell(core, clock, folder, { decision, count: kept, of: guard.of });
  core.decided(folder);
  return kept;
}

/** What stands at the folder's root is what shall be mirrored from now on, as at a first connection: nothing is deleted. */
export async function adoptFolder(core: SyncCore, clock: Clock, folder: string): Promise<void> {
  core.repos.folders.setMarker(folder, null);
  core.repos.folders.setVolume(folder, null);
  await keep(core, clock, folder, 'the folder was adopted anew');
  tell(core, clock, folder, { decision: 'adopt' });
  core.decided(folder);
}

async function keep(core: SyncCore, clock: Clock, folder: string, reason: string): Promise<number> {
  const kept = await inTurns(
    { repos: core.repos, clock },
    new AbortController().signal,
    keepObjects(core.repos, folder, reason),
  );
  core.repos.folders.setGuard(folder, null);
  return kept;
}

function tell(core: SyncCore, clock: Clock, folder: string, details: Readonly<Record<string, unknown>>): void {
  core.repos.events.append({
    operationId: null,
    resourceKey: `folder:${folder}`,
    type: 'deletes-decided',
    from: null,
    to: null,
    source: 'external',
    details: { folder, ...details, at: iso(clock.now()) },
  });
}
