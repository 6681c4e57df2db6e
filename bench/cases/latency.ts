import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { STABILITY_MS } from '../../src/config/defaults.ts';
import { startSink, type Sink } from '../servers/sink.ts';
import type { BenchContext } from '../support/bench-context.ts';
import { Installation } from '../support/engine.ts';
import type { Figure } from '../support/figure.ts';
import { stopProcess } from '../support/run-process.ts';
import type { Workspace } from '../support/workspace.ts';

/** Saves that bring connections and code up to speed and don't count. */
const WARM_UP = 3;
const SAVE_LIMIT_MS = 30_000;
const FILE_BYTES = 4096;

/** From a save to the moment when its PUT reaches the server, beyond the time that a file has to stand still. */
export async function latency(context: BenchContext): Promise<readonly Figure[]> {
  const ours = await withArrivals(context, async (folder, arrivals) => {
    const installation = new Installation({ context, folder, endpoint: arrivals.endpoint });
    const engine = await installation.start();
    await engine.settled();
    const samples = await saveAndWait(context, folder, arrivals);
    await engine.stop();
    return samples;
  });
  const script = await withArrivals(context, async (folder, arrivals) => {
    const stop = await startScript(context.workspace, folder, arrivals.endpoint);
    const samples = await saveAndWait(context, folder, arrivals);
    await stop();
    return samples;
  });
  const common = {
    unit: 'ms',
    better: 'less',
    quantile: 0.5,
    ours,
    peer: { name: 'chokidar + PUT', samples: script },
  } as const;
  return [
    { id: 'latency.p50', what: `a file saved → PUT begins, beyond ${STABILITY_MS} ms, p50`, ...common },
    { id: 'latency.p99', what: '… p99', ...common, quantile: 0.99 },
  ];
}

interface Arrivals {
  readonly endpoint: string;
  /** When (by `performance.now`) the PUT of a file of this name arrives. */
  next(name: string): Promise<number>;
}

/** The sink lives in this process: one clock for the save and the arrival, and nothing in between. */
async function withArrivals(
  context: BenchContext,
  measure: (folder: string, arrivals: Arrivals) => Promise<readonly number[]>,
): Promise<readonly number[]> {
  const waiting = new Map<string, (at: number) => void>();
  const sink: Sink = await startSink((path) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    waiting.get(name)?.(performance.now());
    waiting.delete(name);
  });
  const release = context.workspace.owns(() => sink.close());
  const folder = context.workspace.directory('saves');
  const next = (name: string) =>
    new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${name} was not sent within ${SAVE_LIMIT_MS} ms`));
      }, SAVE_LIMIT_MS);
      waiting.set(name, (at) => {
        clearTimeout(timer);
        resolve(at);
      });
    });
  try {
    return await measure(folder, { endpoint: sink.endpoint, next });
  } finally {
    await release();
  }
}

async function saveAndWait(context: BenchContext, folder: string, arrivals: Arrivals): Promise<number[]> {
  const samples: number[] = [];
  for (let save = 0; save < WARM_UP + context.sizes.saves; save += 1) {
    // Uneven pauses, so that no timer of the one who watches falls into step with the saves.
    await delay(100 + Math.random() * 150);
    const name = `save-${save}.bin`;
    const arrived = arrivals.next(name);
    writeFileSync(join(folder, name), randomBytes(FILE_BYTES));
    const savedAt = performance.now();
    const beyondMs = (await arrived) - savedAt - STABILITY_MS;
    if (save >= WARM_UP) samples.push(beyondMs);
  }
  context.say(`${samples.length} saves`);
  return samples;
}

async function startScript(workspace: Workspace, folder: string, endpoint: string): Promise<() => Promise<void>> {
  const script = fileURLToPath(new URL('../peers/watch-and-put.ts', import.meta.url));
  const child = spawn(process.execPath, [script, folder, endpoint, String(STABILITY_MS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = workspace.owns(() => stopProcess(child));
  await once(child.stdout, 'data');
  return stop;
}
