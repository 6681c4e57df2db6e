import { FOREVER } from '../db/stored-operation.ts';
import type { EpochMs } from '../core/ports.ts';
import type { StatusView } from '../protocol/shapes.ts';
import { folderError } from './folder-error.ts';
import { whyMachineHolds, type DiskFacts } from './gate-words.ts';
import { destinationService } from './lanes.ts';
import { iso, pauseView } from './operation-view.ts';
import type { SyncCore } from './sync-core.ts';

type GateView = StatusView['gates'][number];

/** Every gate that is shut, with its reason in words (P11). */
export function gatesView(core: SyncCore, now: EpochMs): GateView[] {
  return [...pauses(core, now), ...machine(core), ...services(core), ...folders(core)];
}

/** When the gate of a lane opens by itself; null when only an event opens it. */
export function laneOpensAt(core: SyncCore, lane: string, now: EpochMs): EpochMs | null {
  const info = core.lanes.info(lane);
  const gate = core.gates.gateOf(info);
  if (gate === 'schedule-closed') return core.gates.workingHoursBegin();
  if (gate === 'unreachable') return core.gates.unreachable(info.service)?.nextTryAt ?? null;
  if (gate !== 'paused') return null;
  const until = Math.max(...info.pauseScopes.map((scope) => core.gates.pausedUntil(scope) ?? 0));
  return until > now && until < FOREVER ? until : null;
}

function pauses(core: SyncCore, now: EpochMs): GateView[] {
  return core.repos.pauses
    .all()
    .filter(({ until }) => until > now)
    .map(({ scope, until }) => ({
      gate: 'paused',
      scope,
      until: pauseView(until) === 'forever' ? null : iso(until),
      reason: 'Paused by you.',
    }));
}

function machine(core: SyncCore): GateView[] {
  const { gates } = core;
  const held = gates.machineGates().map((gate): GateView => {
    const opensAt = gate === 'schedule-closed' ? gates.workingHoursBegin() : null;
    return {
      gate,
      scope: 'all',
      until: opensAt === null ? null : iso(opensAt),
      reason: whyMachineHolds(gate, diskFacts(core)),
    };
  });
  if (!gates.offline) return held;
  return [...held, { gate: 'offline', scope: 'all', until: null, reason: 'This computer has no network.' }];
}

export function diskFacts({ gates, dataDir }: SyncCore): DiskFacts {
  return {
    dataDir,
    freeBytes: gates.freeDiskBytes,
    neededBytes: gates.minFreeDiskBytes,
    full: gates.diskFull,
  };
}

function services(core: SyncCore): GateView[] {
  return Object.keys(core.config.destinations).flatMap((name): GateView[] => {
    const entry = core.gates.unreachable(destinationService(name));
    if (entry === null) return [];
    const { nextTryAt, error } = entry;
    return [{ gate: 'unreachable', scope: `destination:${name}`, until: iso(nextTryAt), reason: error.message }];
  });
}

function folders(core: SyncCore): GateView[] {
  return core.config.folders.flatMap((folder): GateView[] => {
    const scope = `folder:${folder.name}`;
    const error = folderError(core, folder);
    if (error !== null) return [{ gate: 'folder-frozen', scope, until: null, reason: error.message }];
    const guard = core.repos.folders.get(folder.name)?.guard ?? null;
    if (guard === null || guard.allowedAt !== null) return [];
    const reason = `${guard.count} of ${guard.of} files are gone from this folder at once: nothing is deleted in the storage before you say so.`;
    return [{ gate: 'mass-delete', scope, until: null, reason }];
  });
}
