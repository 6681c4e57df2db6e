import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Arrivals, saveAndWait } from '../support/arrivals.ts';
import type { BenchContext } from '../support/bench-context.ts';
import { Installation, type RunningEngine } from '../support/engine.ts';
import type { Figure } from '../support/figure.ts';
import { FILES_PER_GROUP, makeGroups } from '../support/file-trees.ts';
import { delayText } from '../support/loop-delays.ts';
import { idleCpuPercent } from '../support/idle-cpu.ts';
import { measureProcess } from '../support/run-process.ts';

const MIB = 1024 * 1024;
const IDLE_CPU_MS = 60_000;
const RENAME_LIMIT_MS = 120_000;
const LOOK_MS = 50;

interface Measured {
  readonly files: number;
  readonly startMs: number;
  readonly secondStartMs: number;
  readonly rescans: readonly number[];
  readonly find: readonly number[];
  readonly rescanCpu: readonly number[];
  readonly findCpu: readonly number[];
  readonly idleMib: number;
  readonly peakMib: number;
  readonly cpuPercent: number;
  readonly saves: readonly number[];
  readonly renameMs: number;
  readonly loopMs: number;
}

/**
 * A million tracked files, and a tenth of them beside it: start, steady state and small changes may grow with the scan
 * alone. The inventory is seeded (`seedInventory`); that the first look sends nothing shows that it is right.
 */
export async function million(context: BenchContext): Promise<readonly Figure[]> {
  const tenth = await measure(context, Math.ceil(context.sizes.millionFiles / 10));
  const all = await measure(context, context.sizes.millionFiles);
  const files = all.files.toLocaleString('en');
  const figure = (
    id: string,
    what: string,
    unit: string,
    pick: (measured: Measured) => number | readonly number[],
    more: Partial<Figure> = {},
  ): Figure => ({
    id: `million.${id}`,
    what,
    unit,
    better: 'less',
    ours: [pick(all)].flat(),
    peer: { name: 'a tenth', samples: [pick(tenth)].flat() },
    ...more,
  });
  return [
    figure('start', `start to the end of the first look, ${files} files known`, 'ms', (each) => each.startMs),
    figure('start-again', '… the next start', 'ms', (each) => each.secondStartMs),
    figure('rescan', 'full rescan in a running engine, nothing changed', 'ms', (each) => each.rescans, {
      peer: { name: 'find', samples: all.find },
    }),
    figure('rescan.tenth', `… a tenth of the files`, 'ms', () => tenth.rescans, {
      peer: { name: 'find', samples: tenth.find },
    }),
    figure('rescan.cpu', '… CPU, all files', 'ms', (each) => each.rescanCpu, {
      peer: { name: 'find', samples: all.findCpu },
    }),
    figure('memory', 'memory of the idle engine', 'MiB', (each) => each.idleMib),
    figure('memory.peak', '… its peak', 'MiB', (each) => each.peakMib),
    figure('cpu', '… its CPU, share of a core', '%', (each) => each.cpuPercent),
    figure('save.p50', 'a file saved → PUT begins, beyond the stability time, p50', 'ms', (each) => each.saves),
    figure('save.p99', '… p99', 'ms', (each) => each.saves, { quantile: 0.99 }),
    figure(
      'rename',
      `a directory of ${FILES_PER_GROUP} files renamed: until all are moved`,
      'ms',
      (each) => each.renameMs,
    ),
    figure('loop', 'event loop stood still, but for others at work, at the most', 'ms', (each) => each.loopMs),
  ];
}

async function measure(context: BenchContext, files: number): Promise<Measured> {
  const { workspace, sizes, runs } = context;
  const folder = workspace.directory(`tracked-${files}`);
  makeGroups(folder, files);
  const listing = { program: 'find', args: [folder, '-printf', '%s %T@ %C@ %i %D %P\\n'] };
  const findOnce = () => measureProcess(listing, join(workspace.root, 'find.log'), workspace);
  await findOnce();
  const arrivals = await Arrivals.open(context, (path) => path.includes('/file-') && !path.includes('/renamed/'));
  const installation = new Installation({ context, folder, endpoint: arrivals.endpoint });
  await installation.seed(null);
  context.say(`${files} files seeded, database ${(installation.databaseBytes() / MIB).toFixed(0)} MiB`);
  const firstStart = await startAndSettle(installation, true);
  const loopAtStartMs = await longestDelay(firstStart.engine, context);
  await firstStart.engine.stop();
  if (arrivals.objects > 0) throw new Error(`the seeded inventory is wrong: ${arrivals.objects} files were sent`);
  const { engine, tookMs } = await startAndSettle(installation);
  context.say(`start ${firstStart.tookMs.toFixed(0)} ms, again ${tookMs.toFixed(0)} ms`);
  // The watcher asks for a scan of its own when it is ready; that is over by then.
  await delay(sizes.idleMs);
  const idleMib = engine.residentBytes() / MIB;
  const cpuPercent = await idleCpuPercent(engine, IDLE_CPU_MS);
  context.say(`idle ${idleMib.toFixed(0)} MiB, ${cpuPercent.toFixed(2)} % of a core`);
  const rescans: number[] = [];
  const rescanCpu: number[] = [];
  const find: number[] = [];
  const findCpu: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    const before = engine.cpuMs();
    rescans.push(await engine.rescan());
    rescanCpu.push(engine.cpuMs() - before);
    const usage = await findOnce();
    find.push(usage.wallMs);
    findCpu.push(usage.cpuMs);
    context.say(`run ${run}: rescan ${rescans.at(-1)} ms, find ${usage.wallMs.toFixed(0)} ms`);
  }
  const saves = await saveAndWait(context, arrivals, (save) => join(folder, `g${save % (files / FILES_PER_GROUP)}/d0`));
  await engine.settled();
  const peakMib = engine.peakBytes() / MIB;
  await engine.stop();
  const watched = await startAndSettle(installation, true);
  const renameMs = await renameGroup(watched.engine, folder);
  const loopMs = Math.max(loopAtStartMs, await longestDelay(watched.engine, context));
  context.say(`${FILES_PER_GROUP} files renamed in ${renameMs.toFixed(0)} ms; loop at most ${loopMs.toFixed(0)} ms`);
  await watched.engine.stop();
  await arrivals.close();
  installation.remove();
  workspace.remove(folder);
  return {
    files,
    startMs: firstStart.tookMs,
    secondStartMs: tookMs,
    rescans,
    find,
    rescanCpu,
    findCpu,
    idleMib,
    peakMib,
    cpuPercent,
    saves,
    renameMs,
    loopMs,
  };
}

/** From before the process is made until it has looked at everything and has nothing to do. */
async function startAndSettle(
  installation: Installation,
  watchLoop = false,
): Promise<{ readonly engine: RunningEngine; readonly tookMs: number }> {
  const startedAt = performance.now();
  const engine = await installation.start({ watchLoop });
  await engine.settled();
  return { engine, tookMs: performance.now() - startedAt };
}

/** A directory gets another name: until the engine has moved all its objects. */
async function renameGroup(engine: RunningEngine, folder: string): Promise<number> {
  const done = async () => (await engine.status()).counts.succeeded;
  const before = await done();
  const startedAt = performance.now();
  renameSync(join(folder, 'g0'), join(folder, 'renamed'));
  while ((await done()) < before + FILES_PER_GROUP) {
    if (performance.now() - startedAt > RENAME_LIMIT_MS) {
      throw new Error(`the rename was not followed: ${JSON.stringify((await engine.status()).counts)}`);
    }
    await delay(LOOK_MS);
  }
  return performance.now() - startedAt;
}

/** From the engine's start on, once it serves: what comes before is the loading of the program. */
async function longestDelay(engine: RunningEngine, context: BenchContext): Promise<number> {
  const loop = await engine.loop(engine.readyAt);
  context.say(delayText(loop));
  return loop.longestOwn.ownMs;
}
