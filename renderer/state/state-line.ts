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
  /** The queue can't be written for want of room: that comes before all else. */
  | { readonly kind: 'disk-full' }
  | { readonly kind: 'gated'; readonly gate: StatusView['gates'][number]; readonly open: number }
  | { readonly kind: 'folder-frozen'; readonly folder: string }
  /** Mass deletes wait for a word; `folder` is null when they are in several. */
  | { readonly kind: 'deletes-held'; readonly folder: string | null; readonly count: number }
  | {
      readonly kind: 'working';
      readonly work: NonNullable<StatusView['work']>;
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

/** Gates that concern a part of the work, or that have a line of their own. */
const NOT_FOR_ALL: ReadonlySet<StatusView['gates'][number]['gate']> = new Set([
  'paused',
  'unreachable',
  'folder-frozen',
  'mass-delete',
]);

function heldDeletes(status: StatusView): StateLine | null {
  const held = status.folders.flatMap(({ name, guard }) => (guard === null ? [] : [{ name, count: guard.count }]));
  const [first, ...others] = held;
  if (first === undefined) return null;
  const count = held.reduce((sum, one) => sum + one.count, 0);
  return { kind: 'deletes-held', folder: others.length === 0 ? first.name : null, count };
}

function troubleLine(status: StatusView, open: number): StateLine | null {
  if (status.disk?.full === true) return { kind: 'disk-full' };
  if (status.state === 'offline') return { kind: 'offline', open };
  const silent = status.destinations.find((destination) => destination.state === 'unreachable');
  const busy = status.counts.running + status.counts.compensating > 0;
  // Work that goes on elsewhere matters more than one silent destination; the side bar shows that one.
  if (silent !== undefined && !busy && open > 0) {
    return { kind: 'unreachable', address: addressOf(silent.endpoint), nextTryAt: silent.nextTryAt };
  }
  const frozen = status.folders.find((folder) => folder.state === 'frozen');
  if (frozen !== undefined && !busy) return { kind: 'folder-frozen', folder: frozen.name };
  const gate = status.gates.find((one) => !NOT_FOR_ALL.has(one.gate));
  // Without room for the queue nothing is taken up, so that there is nothing open to tell of.
  if (gate !== undefined && !busy && (open > 0 || gate.gate === 'disk-low')) return { kind: 'gated', gate, open };
  return busy ? null : heldDeletes(status);
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
    const { bytesPerSecond, etaSeconds, work } = status;
    return { kind: 'working', work: work ?? 'mixed', done, total, bytesPerSecond, etaSeconds };
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
  'disk-full': 'bad',
  gated: 'warn',
  'folder-frozen': 'warn',
  'deletes-held': 'warn',
  working: 'busy',
  waiting: 'quiet',
  attention: 'warn',
  scanning: 'busy',
  'all-done': 'ok',
  ready: 'ok',
} as const satisfies Record<StateLine['kind'], Tone>;

/** Gates that people shut themselves, by their settings: no trouble. */
const WANTED_GATES: ReadonlySet<StatusView['gates'][number]['gate']> = new Set([
  'schedule-closed',
  'on-battery',
  'metered',
]);

export function toneOf(line: StateLine): Tone {
  if (line.kind === 'gated' && WANTED_GATES.has(line.gate.gate)) return 'quiet';
  return TONES[line.kind];
}
