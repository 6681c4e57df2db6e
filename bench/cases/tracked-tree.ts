import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { requireTaken, startServer } from '../servers/server-process.ts';
import type { BenchContext } from '../support/bench-context.ts';
import { Installation, type RunningEngine } from '../support/engine.ts';
import type { Figure } from '../support/figure.ts';
import { makeTree } from '../support/file-trees.ts';
import { measureProcess } from '../support/run-process.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 16;
/** How long an idle engine is looked at: ticks of 10 ms are 0.05 % of it. */
const IDLE_CPU_MS = 20_000;

/** A large folder that is all sent: what looking at it again costs, and what remembering it costs. */
export async function trackedTree(context: BenchContext): Promise<readonly Figure[]> {
  const { workspace, sizes, runs } = context;
  const { trackedFiles: count } = sizes;
  const files = count.toLocaleString('en');
  const folder = workspace.directory('tracked');
  makeTree(folder, count, FILE_BYTES);
  const server = await startServer('sink', workspace);
  const { endpoint } = server;
  const tracked = new Installation({ context, folder, endpoint });
  const empty = new Installation({ context, folder: workspace.directory('empty'), endpoint });
  const first = await tracked.runOnce();
  await requireTaken(server, count, count * FILE_BYTES);
  context.say(`all ${files} files sent in ${(first.wallMs / 1000).toFixed(1)} s`);

  const again: number[] = [];
  const nothing: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    again.push((await tracked.runOnce()).wallMs);
    nothing.push((await empty.runOnce()).wallMs);
    context.say(
      `run --once again, run ${run}: ${again.at(-1)?.toFixed(0)} ms; empty folder ${nothing.at(-1)?.toFixed(0)} ms`,
    );
  }

  const rescans: number[] = [];
  const find: number[] = [];
  const idle = await settledEngine(context, empty);
  const engine = await tracked.start();
  await engine.settled();
  // The watcher asks for a scan of its own when it is ready; that is over by then.
  await delay(sizes.idleMs);
  const held = engine.residentBytes();
  const cpuPercent = await idleCpuPercent(engine);
  for (let run = 1; run <= runs; run += 1) {
    rescans.push(await engine.rescan());
    const listing = { program: 'find', args: [folder, '-printf', '%s %T@ %C@ %i %D %P\\n'] };
    find.push((await measureProcess(listing, join(workspace.root, 'find.log'), workspace)).wallMs);
    context.say(`rescan in a running engine, run ${run}: ${rescans.at(-1)} ms, find ${find.at(-1)?.toFixed(0)} ms`);
  }
  await engine.stop();
  await server.close();
  workspace.remove(folder);
  const ofEmpty = (samples: readonly number[]) => ({ name: 'empty folder', samples });
  return [
    {
      id: 'tracked-tree.first',
      what: `first upload of ${files} files of ${FILE_BYTES} B, sink`,
      unit: 'files/s',
      better: 'more',
      ours: [(count / first.wallMs) * 1000],
      peer: { name: 'a tenth', samples: [await rateOfATenth(context)] },
    },
    {
      id: 'tracked-tree.once',
      what: `run --once, nothing changed in ${files} files`,
      unit: 'ms',
      better: 'less',
      ours: again,
      peer: ofEmpty(nothing),
    },
    {
      id: 'tracked-tree.rescan',
      what: `full rescan in a running engine, ${files} files`,
      unit: 'ms',
      better: 'less',
      ours: rescans,
      peer: { name: 'find', samples: find },
    },
    {
      id: 'tracked-tree.memory',
      what: `memory of the idle engine, ${files} files tracked`,
      unit: 'MiB',
      better: 'less',
      ours: [held / MIB],
      peer: ofEmpty([idle.bytes / MIB]),
    },
    {
      id: 'tracked-tree.cpu',
      what: '… its CPU, share of a core',
      unit: '%',
      better: 'less',
      ours: [cpuPercent],
      peer: ofEmpty([idle.cpuPercent]),
    },
  ];
}

async function settledEngine(
  { sizes }: BenchContext,
  installation: Installation,
): Promise<{ readonly bytes: number; readonly cpuPercent: number }> {
  const engine = await installation.start();
  await engine.settled();
  await delay(sizes.idleMs);
  const bytes = engine.residentBytes();
  const cpuPercent = await idleCpuPercent(engine);
  await engine.stop();
  return { bytes, cpuPercent };
}

async function idleCpuPercent(engine: RunningEngine): Promise<number> {
  const before = engine.cpuMs();
  await delay(IDLE_CPU_MS);
  return ((engine.cpuMs() - before) / IDLE_CPU_MS) * 100;
}

/** The same upload of a tenth as many files: a rate that falls with the number shows work that grows faster than it. */
async function rateOfATenth(context: BenchContext): Promise<number> {
  const { workspace, sizes } = context;
  const count = Math.ceil(sizes.trackedFiles / 10);
  const folder = workspace.directory('tenth');
  makeTree(folder, count, FILE_BYTES);
  const server = await startServer('sink', workspace);
  const installation = new Installation({ context, folder, endpoint: server.endpoint });
  const { wallMs } = await installation.runOnce();
  await requireTaken(server, count, count * FILE_BYTES);
  await server.close();
  workspace.remove(folder);
  return (count / wallMs) * 1000;
}
