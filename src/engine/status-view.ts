import type { DestinationConfig, FolderConfig } from '../config/config-types.ts';
import { isErrorCode } from '../core/error-table.ts';
import type { EpochMs } from '../core/ports.ts';
import { redactDetail } from '../core/redact-detail.ts';
import type { FailedAfterUpload } from '../db/after-uploads-repo.ts';
import type { OperationView, StatusView } from '../protocol/shapes.ts';
import { errorOfCode, operationError } from '../sync/settle.ts';
import { capabilitiesView } from './capabilities-view.ts';
import { folderError } from './folder-error.ts';
import { diskFacts, gatesView, laneOpensAt } from './gates-view.ts';
import { massDeleteView } from './folder-decisions.ts';
import { kindOfWork } from './kind-of-work.ts';
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
    opensAt: (lane) => laneOpensAt(core, lane, now),
    liveBytes: (seq) => core.live.bytes(seq),
    bytesPerSecond: (seq) => core.live.bytesPerSecond(seq),
    maxAttempts: (operation) => core.lanes.retryPolicy(operation).maxAttempts,
    leftInPlace: (operation) => leftInPlaceView(core.repos.afterUploads.failed(operation.id)),
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
    ...(core.gates.diskLow ? { disk: diskFacts(core) } : {}),
    gates: gatesView(core, now),
    counts: core.repos.queue.totals(),
    bytes: { pending: pendingBytes, done: doneBytes },
    work: kindOfWork(core.runningKinds(), unfinished),
    bytesPerSecond,
    etaSeconds: bytesPerSecond > 0 && pendingBytes > 0 ? pendingBytes / bytesPerSecond : null,
    folders,
    destinations: Object.values(core.config.destinations).map((destination) => destinationView(core, destination)),
    attention: attention.items.map((operation) => operationView(operation, context)),
    pausedUntil: paused ? pauseView(pausedUntil) : null,
    engine: { ...facts, startedAt: iso(facts.startedAt), epoch: core.epoch },
    configProblems: [...configProblems],
    alarms: core
      .alarms()
      .map(({ at, kind, operation, message }) => ({ at: iso(at), kind, operationId: operation.id, message })),
  };
}

/** The error as it was stored: its code, and what was said. */
function leftInPlaceView(failed: FailedAfterUpload | null): OperationView['leftInPlace'] | null {
  if (failed === null) return null;
  const [, code = '', detail = ''] = /^([^:]+): (.*)$/s.exec(failed.error) ?? [];
  const error = errorOfCode(isErrorCode(code) ? code : 'local.io', redactDetail(detail));
  return { action: failed.action, error, tryAgainAt: iso(failed.dueAt) };
}

function stateOf(core: SyncCore, paused: boolean, allFrozen: boolean): StatusView['state'] {
  if (paused) return 'paused';
  // Nothing at all can be recorded: that is more than a gate.
  if (core.gates.diskFull) return 'error';
  if (core.gates.offline) return 'offline';
  return allFrozen ? 'error' : 'running';
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
    degraded: state?.degraded?.reason ?? null,
    ...(state?.degraded == null ? {} : { degradedKind: state.degraded.kind }),
    files: stored?.files ?? 0,
    ignored: stored?.ignored ?? 0,
    lastScanAt: isoOrNull(stored?.lastScanAt ?? null),
    guard: massDeleteView(stored?.guard ?? null),
  };
}

function destinationView(core: SyncCore, destination: DestinationConfig): StatusView['destinations'][number] {
  const service = destinationService(destination.name);
  const entry = core.gates.unreachable(service);
  const used = core.config.folders.some((folder) => folder.destination === destination.name);
  return {
    name: destination.name,
    endpoint: destination.endpoint,
    bucket: destination.bucket,
    state: entry !== null ? 'unreachable' : core.gates.wasReached(service) ? 'ok' : 'unknown',
    error: entry === null ? null : operationError(entry.error),
    nextTryAt: entry === null ? null : iso(entry.nextTryAt),
    concurrency: core.targets.concurrencyOf(destination.name),
    ...(used ? { capabilities: capabilitiesView(core.capabilities.of(destination.name)) } : {}),
    clockSkewSeconds: secondsOrNull(core.skewMs(destination.name)),
  };
}

function secondsOrNull(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms / 1000);
}
