/**
 * Preloaded into an engine (`--import loop-probe.ts?out=FILE`): appends to FILE, four times a second, how long its event
 * loop stood still. Linux only: the kernel tells how long the thread computed, and how long it waited for a core that
 * others had, which is not its own doing. What remains is waiting for the disk.
 */
import { appendFile, openSync, readSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import type { LoopDelay, LoopWindow } from './loop-delays.ts';

/** The resolution of the probe, ms. */
const TICK_MS = 5;
const WRITE_MS = 250;
const NONE: LoopDelay = { at: 0, delayMs: 0, ownMs: 0, cpuMs: 0 };

function watchLoop(out: string): void {
  const histogram = monitorEventLoopDelay({ resolution: TICK_MS });
  histogram.enable();
  const look = schedulingOfThisThread();
  let longest = NONE;
  let longestOwn = NONE;
  let last = { at: performance.now(), ...look() };
  setInterval(() => {
    const now = { at: performance.now(), ...look() };
    const delayMs = Math.max(0, now.at - last.at - TICK_MS);
    const cpuMs = now.cpuMs - last.cpuMs;
    const found = { at: Date.now(), delayMs, ownMs: Math.max(0, delayMs - (now.waitedMs - last.waitedMs)), cpuMs };
    if (found.delayMs > longest.delayMs) longest = found;
    if (found.ownMs > longestOwn.ownMs) longestOwn = found;
    last = now;
  }, TICK_MS).unref();
  const write = () => {
    // The histogram counts from one tick to the next.
    const histogramMaxMs = histogram.max / 1e6 - TICK_MS;
    const line: LoopWindow = { longest, longestOwn, histogramMaxMs };
    // From another thread: a file system whose journal is busy holds up whoever writes.
    appendFile(out, `${JSON.stringify(line)}\n`, () => undefined);
    histogram.reset();
    longest = NONE;
    longestOwn = NONE;
  };
  setInterval(write, WRITE_MS).unref();
}

/** Time on a core, and time ready to run without one, of the thread that asks first; see the kernel's sched-stats. */
function schedulingOfThisThread(): () => { readonly cpuMs: number; readonly waitedMs: number } {
  const descriptor = openSync('/proc/thread-self/schedstat', 'r');
  const buffer = Buffer.alloc(100);
  return () => {
    const length = readSync(descriptor, buffer, 0, buffer.length, 0);
    const [cpu, waited] = buffer.toString('latin1', 0, length).split(' ');
    return { cpuMs: Number(cpu) / 1e6, waitedMs: Number(waited) / 1e6 };
  };
}

const out = new URL(import.meta.url).searchParams.get('out');
if (isMainThread && out !== null) watchLoop(out);
