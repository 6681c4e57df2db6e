import type { StatusView } from '../../src/protocol/shapes.ts';
import type { StateLine } from '../state/state-line.ts';
import type { Language } from './language.ts';

/** Seconds until a time, at least 0. */
function secondsUntil(iso: string, nowMs: number): number {
  return Math.max(0, (Date.parse(iso) - nowMs) / 1000);
}

/** "in 12 s" in words, or that it is now. */
export function untilWords(iso: string | null, nowMs: number, { f, m }: Language): string {
  const seconds = iso === null ? 0 : secondsUntil(iso, nowMs);
  return seconds < 0.5 ? m.state.tryingNow : m.state.nextTry(f.duration(seconds));
}

/** A gate that holds for everything: what it is, when it opens, and how much waits for that. */
function gatedWords(
  { gate, until }: StatusView['gates'][number],
  open: number,
  nowMs: number,
  language: Language,
): readonly string[] {
  const { m, f } = language;
  const waits = open === 0 ? [] : [m.state.pausedOpen(f.count(open), open)];
  if (gate === 'schedule-closed')
    return [m.state.closed, ...(until === null ? [] : [m.state.goesOn(f.clock(until, nowMs))]), ...waits];
  if (gate === 'on-battery') return [m.state.onBattery, ...waits];
  if (gate === 'metered') return [m.state.metered, ...waits];
  if (gate === 'disk-low') return [m.state.diskLow, m.state.diskLowDetail];
  return until === null ? [m.gates[gate]] : [m.gates[gate], untilWords(until, nowMs, language)];
}

/** The state line's parts: the first is the headline, the rest are quieter facts. */
export function stateLineWords(line: StateLine, nowMs: number, language: Language): readonly string[] {
  const { m, f } = language;
  switch (line.kind) {
    case 'starting':
      return [m.state.starting];
    case 'engine-down': {
      const seconds = line.nextTryAt === null ? 0 : secondsUntil(line.nextTryAt, nowMs);
      return [seconds < 1 ? m.state.engineDown : m.state.engineDownIn(f.duration(seconds))];
    }
    case 'engine-failed':
      return line.message === null ? [m.state.engineFailed] : [m.state.engineFailed, line.message];
    case 'connecting':
      return [m.state.connecting];
    case 'paused': {
      const head = line.until === 'forever' ? m.state.paused : m.state.pausedUntil(f.clock(line.until, nowMs));
      return line.open === 0 ? [head] : [head, m.state.pausedOpen(f.count(line.open), line.open)];
    }
    case 'offline':
      return line.open === 0
        ? [m.state.offline]
        : [m.state.offline, m.state.offlineOpen(f.count(line.open), line.open)];
    case 'unreachable':
      return [m.state.unreachable(line.address), untilWords(line.nextTryAt, nowMs, language)];
    case 'disk-full':
      return [m.state.diskFull, m.state.diskFullDetail];
    case 'gated':
      return gatedWords(line.gate, line.open, nowMs, language);
    case 'deletes-held': {
      const n = f.count(line.count);
      const head = line.folder === null ? m.state.heldInMany(n, line.count) : m.state.held(n, line.count, line.folder);
      return [head, m.state.heldDetail];
    }
    case 'folder-frozen':
      return [m.state.frozen(line.folder), m.state.frozenDetail];
    case 'working': {
      const head = m.state.working[line.work](f.count(Math.min(line.done + 1, line.total)), f.count(line.total));
      // What was sent before still counts down while deletes send nothing.
      const speed = line.bytesPerSecond > 0 && line.work !== 'file.delete' ? [f.speed(line.bytesPerSecond)] : [];
      const left = line.etaSeconds === null ? [] : [m.state.left(f.duration(line.etaSeconds))];
      return [head, ...speed, ...left];
    }
    case 'waiting':
      return [m.state.waiting(f.count(line.open), line.open)];
    case 'attention':
      return [m.state.attention(f.count(line.count), line.count)];
    case 'scanning':
      return [m.state.scanning(line.folder)];
    case 'all-done':
      return [m.state.allDone];
    case 'ready':
      return [m.state.ready];
  }
}
