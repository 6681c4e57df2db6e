/** The one line at the top, as data: the first of these that is true. */
import type { EngineHostState } from '../../src/protocol/bridge.ts';
import type { StatusView } from '../../src/protocol/shapes.ts';
import type { BatchProgress } from './batch.ts';
import { openCount } from './batch.ts';

export type StateLine =
  | { readonly kind: 'starting' }
  | { readonly kind: 'engine-down'; readonly nextTryAt: string | null }
  | { readonly kind: 'engine-failed'; readonly message: string | null }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'paused'; readonly until: StatusView['pausedUntil'] & string; readonly open: number }
  | { readonly kind: 'offline'; readonly open: number }
  | { readonly kind: 'unreachable'; readonly address: string; readonly nextTryAt: string | null }
  | { readonly kind: 'gated'; readonly gate: StatusView['gates'][number] }
  | { readonly kind: 'folder-frozen'; readonly folder: string }
  | {
      readonly kind: 'working';
      readonly done: number;
      readonly total: number;
      readonly bytesPerSecond: number;
      readonly etaSeconds: number | null;
    }
  | { readonly kind: 'waiting'; readonly open: number }
  | { readonly kind: 'attention'; readonly count: number }
  | { readonly kind: 'scanning'; readonly folder: string }
  | { readonly kind: 'all-done' }
  | { readonly kind: 'ready' };

/** Host and port of an endpoint, as people know it. */
export function addressOf(endpoint: string): string {
  try {
    return new URL(endpoint).host;
  } catch {
    return endpoint;
  }
}

function troubleLine(status: StatusView, open: number): StateLine | null {
  if (status.state === 'offline') return { kind: 'offline', open };
  const silent = status.destinations.find((destination) => destination.state === 'unreachable');
  const busy = status.counts.running + status.counts.compensating > 0;
  // Work that goes on elsewhere matters more than one silent destination; the side bar shows that one.
  if (silent !== undefined && !busy && open > 0) {
    return { kind: 'unreachable', address: addressOf(silent.endpoint), nextTryAt: silent.nextTryAt };
  }
  const frozen = status.folders.find((folder) => folder.state === 'frozen');
  if (frozen !== undefined && !busy) return { kind: 'folder-frozen', folder: frozen.name };
  const gate = status.gates.find((one) => one.gate !== 'unreachable' && one.gate !== 'paused');
  if (gate !== undefined && !busy && open > 0) return { kind: 'gated', gate };
  return null;
}

export function stateLine(
  host: EngineHostState,
  linked: boolean,
  status: StatusView | null,
  progress: BatchProgress,
): StateLine {
  if (host.state === 'failed') return { kind: 'engine-failed', message: host.message };
  if (host.state === 'restarting') return { kind: 'engine-down', nextTryAt: host.nextTryAt };
  if (host.state === 'starting') return { kind: 'starting' };
  if (!linked || status === null) return { kind: 'connecting' };
  const { counts } = status;
  const open = openCount(counts);
  if (status.pausedUntil !== null) return { kind: 'paused', until: status.pausedUntil, open };
  const trouble = troubleLine(status, open);
  if (trouble !== null) return trouble;
  if (counts.running + counts.compensating > 0 || (open > 0 && counts.pending > 0)) {
    const { done, total } = progress;
    return { kind: 'working', done, total, bytesPerSecond: status.bytesPerSecond, etaSeconds: status.etaSeconds };
  }
  if (open > 0) return { kind: 'waiting', open };
  const attention = counts.failed + counts.conflict;
  if (attention > 0) return { kind: 'attention', count: attention };
  const scanning = status.folders.find((folder) => folder.state === 'scanning');
  if (scanning !== undefined && counts.succeeded === 0) return { kind: 'scanning', folder: scanning.name };
  return counts.succeeded > 0 || status.folders.some((folder) => folder.files > 0)
    ? { kind: 'all-done' }
    : { kind: 'ready' };
}

export type Tone = 'ok' | 'busy' | 'quiet' | 'warn' | 'bad';

const TONES = {
  starting: 'quiet',
  'engine-down': 'warn',
  'engine-failed': 'bad',
  connecting: 'quiet',
  paused: 'quiet',
  offline: 'warn',
  unreachable: 'warn',
  gated: 'warn',
  'folder-frozen': 'warn',
  working: 'busy',
  waiting: 'quiet',
  attention: 'warn',
  scanning: 'busy',
  'all-done': 'ok',
  ready: 'ok',
} as const satisfies Record<StateLine['kind'], Tone>;

export function toneOf(line: StateLine): Tone {
  return TONES[line.kind];
}
