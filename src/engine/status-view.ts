import type { DestinationConfig, FolderConfig } from '../config/config-types.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { EpochMs } from '../core/ports.ts';
import type { StatusView } from '../protocol/shapes.ts';
import { operationError } from '../sync/settle.ts';
import { destinationService } from './lanes.ts';
import { iso, isoOrNull, operationView, pauseView, type ViewContext } from './operation-view.ts';
import type { SyncCore } from './sync-core.ts';

/** How many items of `attention` the status holds; the counters tell how many there are. */
const ATTENTION_LIMIT = 20;

export interface EngineFactsView {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: EpochMs;
  readonly dataDir: string;
  readonly configFile: string | null;
}

export function viewContext(core: SyncCore, now: EpochMs): ViewContext {
  return {
    now,
    laneGate: (lane) => core.gates.gateOf(core.lanes.info(lane)),
    nextTryAt: (lane) => core.gates.unreachable(core.lanes.info(lane).service)?.nextTryAt ?? null,
    liveBytes: (seq) => core.live.bytes(seq),
    bytesPerSecond: (seq) => core.live.bytesPerSecond(seq),
    maxAttempts: (operation) => core.lanes.retryPolicy(operation).maxAttempts,
  };
}

/** Everything in one look: cheap whatever the length of the queue, as all numbers are kept. */
export function statusView(
  core: SyncCore,
  facts: EngineFactsView,
  configProblems: readonly string[],
  now: EpochMs,
): StatusView {
  const context = viewContext(core, now);
  const rows = core.repos.queue.counts();
  const unfinished = rows.filter((row) => ['pending', 'running', 'waiting'].includes(row.state));
  const inFlight = core.live.inFlightBytes();
  const pendingBytes = Math.max(0, unfinished.reduce((sum, row) => sum + row.bytesTotal - row.bytesDone, 0) - inFlight);
  const finished = rows.reduce((sum, row) => sum + (row.state === 'succeeded' ? row.bytesTotal : 0), 0);
  // What is on its way counts as well: the whole moves as its parts do.
  const doneBytes = finished + inFlight + unfinished.reduce((sum, row) => sum + row.bytesDone, 0);
  const bytesPerSecond = core.live.totalBytesPerSecond();
  const attention = core.repos.queue.page({ states: ['failed', 'conflict'], order: 'newest', limit: ATTENTION_LIMIT });
  const folders = core.config.folders.map((folder) => folderView(core, folder, now));
  const pausedUntil = core.gates.pausedUntil('all');
  const paused = pausedUntil !== null && pausedUntil > now;
  return {
    state: stateOf(core, paused, folders.length > 0 && folders.every((folder) => folder.state === 'frozen')),
    gates: gatesOf(core, now),
    counts: core.repos.queue.totals(),
    bytes: { pending: pendingBytes, done: doneBytes },
    bytesPerSecond,
    etaSeconds: bytesPerSecond > 0 && pendingBytes > 0 ? pendingBytes / bytesPerSecond : null,
    folders,
    destinations: Object.values(core.config.destinations).map((destination) => destinationView(core, destination)),
    attention: attention.items.map((operation) => operationView(operation, context)),
    pausedUntil: paused ? pauseView(pausedUntil) : null,
    engine: { ...facts, startedAt: iso(facts.startedAt), epoch: core.epoch },
    configProblems: [...configProblems],
  };
}

function stateOf(core: SyncCore, paused: boolean, allFrozen: boolean): StatusView['state'] {
  if (paused) return 'paused';
  if (core.gates.offline) return 'offline';
  return allFrozen ? 'error' : 'running';
}

function gatesOf(core: SyncCore, now: EpochMs): StatusView['gates'] {
  const gates: StatusView['gates'] = [];
  for (const { scope, until } of core.repos.pauses.all()) {
    if (until > now)
      gates.push({
        gate: 'paused',
        scope,
        until: pauseView(until) === 'forever' ? null : iso(until),
        reason: 'Paused by you.',
      });
  }
  if (core.gates.offline)
    gates.push({ gate: 'offline', scope: 'all', until: null, reason: 'This computer has no network.' });
  for (const name of Object.keys(core.config.destinations)) {
    const entry = core.gates.unreachable(destinationService(name));
    if (entry === null) continue;
    gates.push({
      gate: 'unreachable',
      scope: `destination:${name}`,
      until: iso(entry.nextTryAt),
      reason: entry.error.message,
    });
  }
  for (const folder of core.config.folders) {
    const error = folderError(core, folder);
    if (error !== null)
      gates.push({ gate: 'folder-frozen', scope: `folder:${folder.name}`, until: null, reason: error.message });
  }
  return gates;
}

/** Why a folder stands still, or null. */
export function folderError(core: SyncCore, folder: FolderConfig): LongshoreError | null {
  if (folder.frozen !== null) {
    return new LongshoreError('folder.overlap', {
      subject: folder.path,
      detail: `folder "${folder.frozen.withFolder}" has the same place in the storage`,
    });
  }
  return core.folder(folder.name)?.state().frozen ?? null;
}

function folderView(core: SyncCore, folder: FolderConfig, now: EpochMs): StatusView['folders'][number] {
  const state = core.folder(folder.name)?.state();
  const stored = core.repos.folders.get(folder.name);
  const error = folderError(core, folder);
  const until = core.gates.pausedUntil(`folder:${folder.name}`);
  const paused = folder.paused || (until !== null && until > now);
  const running = state?.scanning === true ? 'scanning' : 'ok';
  return {
    name: folder.name,
    path: folder.path,
    destination: folder.destination,
    prefix: folder.prefix,
    state: error !== null ? 'frozen' : paused ? 'paused' : running,
    pausedUntil: folder.paused ? 'forever' : paused ? pauseView(until) : null,
    error: error === null ? null : operationError(error),
    degraded: state?.degraded ?? null,
    files: stored?.files ?? 0,
    ignored: stored?.ignored ?? 0,
    lastScanAt: isoOrNull(stored?.lastScanAt ?? null),
  };
}

function destinationView(core: SyncCore, destination: DestinationConfig): StatusView['destinations'][number] {
  const service = destinationService(destination.name);
  const entry = core.gates.unreachable(service);
  return {
    name: destination.name,
    endpoint: destination.endpoint,
    bucket: destination.bucket,
    state: entry !== null ? 'unreachable' : core.gates.wasReached(service) ? 'ok' : 'unknown',
    error: entry === null ? null : operationError(entry.error),
    nextTryAt: entry === null ? null : iso(entry.nextTryAt),
  };
}
