import { existsSync, readFileSync } from 'node:fs';

/** The loop stood still. */
export interface LoopDelay {
  /** When it went on, epoch ms. */
  readonly at: number;
  readonly delayMs: number;
  /** Without the time in which other processes had the cores. */
  readonly ownMs: number;
  /** The thread's own work in it; the rest is waiting for the disk. */
  readonly cpuMs: number;
}

/** What the probe writes: the longest delays since the line before. */
export interface LoopWindow {
  readonly longest: LoopDelay;
  readonly longestOwn: LoopDelay;
  /** The longest as `monitorEventLoopDelay` saw it. */
  readonly histogramMaxMs: number;
}

/** Arguments with which Node watches its own loop and writes to `out`. */
export function probeArguments(out: string): string[] {
  const probe = new URL('loop-probe.ts', import.meta.url);
  probe.searchParams.set('out', out);
  return ['--import', probe.href];
}

export interface LoopSummary {
  readonly longest: LoopDelay;
  readonly longestOwn: LoopDelay;
}

/** The longest delays that ended between two times (epoch ms); null where the loop was not watched. */
export function longestDelays(out: string, from: number, to: number): LoopSummary | null {
  if (!existsSync(out)) return null;
  const lines = readFileSync(out, 'utf8').split('\n').slice(0, -1);
  const windows = lines.map((line) => JSON.parse(line) as LoopWindow);
  const inTime = (delays: LoopDelay[]) => delays.filter(({ at }) => at >= from && at <= to);
  const longest = inTime(windows.map((each) => each.longest)).sort((a, b) => b.delayMs - a.delayMs)[0];
  const longestOwn = inTime(windows.map((each) => each.longestOwn)).sort((a, b) => b.ownMs - a.ownMs)[0];
  return longest === undefined || longestOwn === undefined ? null : { longest, longestOwn };
}

export function delayText({ longest, longestOwn: own }: LoopSummary): string {
  const disk = Math.max(0, own.ownMs - own.cpuMs);
  return `loop still for ${longest.delayMs.toFixed(0)} ms at the most; by itself ${own.ownMs.toFixed(0)} ms (work ${own.cpuMs.toFixed(0)}, disk ${disk.toFixed(0)})`;
}
