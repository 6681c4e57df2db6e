import { setTimeout as delay } from 'node:timers/promises';
import type { LongshoreError } from '../core/longshore-error.ts';
import { STATES, TERMINAL_STATES } from '../core/states.ts';
import type { OperationView } from '../protocol/shapes.ts';
import { folderLane } from '../sync/specs.ts';
import type { Engine } from './engine.ts';
import { operationView } from './operation-view.ts';
import { folderError } from './folder-error.ts';
import { viewContext } from './status-view.ts';
import type { SyncCore } from './sync-core.ts';

/** CONTRACT.md, `run --once`: what is due later than this is not waited for, ms. */
const DUE_LIMIT_MS = 5 * 60_000;
/** A destination that can't be reached is tried for so long, ms. */
const REACH_LIMIT_MS = 30_000;
/** Files that keep changing on disk are waited for so long once nothing else is to do, ms. */
const SETTLE_LIMIT_MS = 30_000;
/** A cleanup that has to be tried again is waited for when it is due within this, ms: its backoff soon grows beyond it. */
const CLEANUP_LIMIT_MS = 30_000;
/** A disk without room for the queue is waited for so long, ms. */
const FULL_LIMIT_MS = 30_000;
const LOOK_MS = 50;
const LIST_LIMIT = 1000;

/** Waits until nothing can progress any more, and lists what is not done. */
export async function drain(engine: Engine): Promise<readonly OperationView[]> {
  let quietSince: number | null = null;
  let fullSince: number | null = null;
  for (;;) {
    const core = engine.core();
    const now = Date.now();
    fullSince = core.gates.diskFull ? (fullSince ?? now) : null;
    if (fullSince !== null && now - fullSince > FULL_LIMIT_MS) return remaining(core, now);
    if (isPaused(core, now) || (core.idle() && !mayProgress(core, now))) return remaining(core, now);
    // Only files that keep changing hold it up: they get their time, not all the time of the world.
    const waitsForDisk = onlySettling(core) && !mayProgress(core, now);
    quietSince = waitsForDisk ? (quietSince ?? now) : null;
    if (quietSince !== null && now - quietSince > SETTLE_LIMIT_MS) return remaining(core, now);
    await delay(LOOK_MS);
  }
}

/** Everything is paused: nothing can progress, whatever there is. */
export function isPaused(core: SyncCore, now: number): boolean {
  return (core.gates.pausedUntil('all') ?? 0) > now;
}

/** Folders that can't be read now: what they hold is not known to be in the storage. */
export function frozenFolders(core: SyncCore): readonly { readonly name: string; readonly error: LongshoreError }[] {
  return core.config.folders.flatMap((folder) => {
    const error = folderError(core, folder);
    return error === null ? [] : [{ name: folder.name, error }];
  });
}

/** Folders whose looks break one after the other: what changed in them is not known. */
export function brokenFolders(core: SyncCore): readonly { readonly name: string; readonly reason: string }[] {
  return core.config.folders.flatMap(({ name }) => {
    const degraded = core.folder(name)?.state().degraded;
    return degraded?.kind === 'scan-broken' ? [{ name, reason: degraded.reason }] : [];
  });
}

function onlySettling(core: SyncCore): boolean {
  return core.config.folders.every((folder) => {
    const state = core.folder(folder.name)?.state();
    const isBroken = state?.degraded?.kind === 'scan-broken';
    return state === undefined || state.settled || state.settling || state.frozen !== null || isBroken;
  });
}

/** Something pending or waiting has an open gate, or one that may open soon; or litter is still to be cleaned up (P7). */
function mayProgress(core: SyncCore, now: number): boolean {
  const { claims } = core.repos;
  for (const lane of claims.lanes()) {
    const info = core.lanes.info(lane);
    const gate = core.gates.gateOf(info);
    if (gate !== null) {
      const entry = core.gates.unreachable(info.service);
      if (gate === 'unreachable' && entry !== null && now - entry.since < REACH_LIMIT_MS) return true;
      continue;
    }
    if (claims.anyStartable(lane, now + DUE_LIMIT_MS, now)) return true;
  }
  if (deletesDueBy(core, now + DUE_LIMIT_MS)) return true;
  return core.repos.queue.totals().running > 0 || core.cleanupDueBy(now + CLEANUP_LIMIT_MS);
}

/** Deletes that follow by themselves once their grace is over, in a folder that may work. */
function deletesDueBy(core: SyncCore, until: number): boolean {
  return core.config.folders.some((folder) => {
    const at = core.folder(folder.name)?.state().deletesAt ?? null;
    return at !== null && at <= until && core.gates.gateOf(core.lanes.info(folderLane(folder.name))) === null;
  });
}

function remaining(core: SyncCore, now: number): readonly OperationView[] {
  const done = new Set<string>(TERMINAL_STATES);
  const page = core.repos.queue.page({
    states: STATES.filter((state) => !done.has(state)),
    order: 'oldest',
    limit: LIST_LIMIT,
  });
  const context = viewContext(core, now);
  return page.items.map((operation) => operationView(operation, context));
}
