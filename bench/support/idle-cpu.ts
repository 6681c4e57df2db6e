import { setTimeout as delay } from 'node:timers/promises';
import type { RunningEngine } from './engine.ts';

/** What an engine that has nothing to do takes of one core in `forMs`, percent. CPU is told in ticks of 10 ms. */
export async function idleCpuPercent(engine: RunningEngine, forMs: number): Promise<number> {
  const before = engine.cpuMs();
  await delay(forMs);
  return ((engine.cpuMs() - before) / forMs) * 100;
}
