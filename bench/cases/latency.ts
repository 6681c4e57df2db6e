import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { STABILITY_MS } from '../../src/config/defaults.ts';
import { Arrivals, saveAndWait, saveOne } from '../support/arrivals.ts';
import type { BenchContext } from '../support/bench-context.ts';
import { Installation } from '../support/engine.ts';
import type { Figure } from '../support/figure.ts';
import { FILES_PER_GROUP, makeGroups, makeTree } from '../support/file-trees.ts';
import { stopProcess } from '../support/run-process.ts';
import type { Workspace } from '../support/workspace.ts';

/** Files that are on their way when another is saved. */
const CROWD = 5000;
const CROWD_BYTES = 4096;
/** Saves while one crowd is on its way, and the time between them, ms. */
const SAVES_IN_CROWD = 4;
const BETWEEN_MS = 200;

/** From a save to the moment when its PUT reaches the server, beyond the time that a file has to stand still. */
export async function latency(context: BenchContext): Promise<readonly Figure[]> {
  const ours = await quiet(context, 0);
  const script = await ofScript(context);
  const tracked = Math.ceil(context.sizes.trackedFiles / FILES_PER_GROUP) * FILES_PER_GROUP;
  const inLargeTree = await quiet(context, tracked);
  const beside = await inCrowd(context, 'other');
  const behind = await inCrowd(context, 'same');
  const peer = { name: 'chokidar + PUT', samples: script };
  const what = `a file saved → PUT begins, beyond ${STABILITY_MS} ms`;
  return [
    ...p50AndP99('latency', what, ours, peer),
    ...p50AndP99('latency.tracked', `… ${tracked.toLocaleString('en')} files tracked`, inLargeTree, peer),
    ...p50AndP99('latency.crowd', `… while ${CROWD} files of another folder are sent`, beside, peer),
    ...p50AndP99('latency.behind', `… while ${CROWD} files of the same folder are sent`, behind, peer),
  ];
}

function p50AndP99(id: string, what: string, ours: readonly number[], peer: Figure['peer']): Figure[] {
  const common = { unit: 'ms', better: 'less', ours, peer } as const;
  return [
    { id: `${id}.p50`, what: `${what}, p50`, ...common, quantile: 0.5 },
    { id: `${id}.p99`, what: '… p99', ...common, quantile: 0.99 },
  ];
}

/** Nothing else goes on; `tracked` files lie there. */
async function quiet(context: BenchContext, tracked: number): Promise<readonly number[]> {
  const { workspace } = context;
  const folder = workspace.directory('saves');
  const arrivals = await Arrivals.open(context, (path) => path.includes('/file-'));
  const installation = new Installation({ context, folder, endpoint: arrivals.endpoint });
  if (tracked > 0) {
    makeGroups(folder, tracked);
    await installation.seed(null);
  }
  const engine = await installation.start();
  await engine.settled();
  const groups = tracked / FILES_PER_GROUP;
  const samples = await saveAndWait(context, arrivals, (save) =>
    groups === 0 ? folder : join(folder, `g${save % groups}/d0`),
  );
  await engine.stop();
  await arrivals.close();
  installation.remove();
  workspace.remove(folder);
  return samples;
}

/** Saves while many other files are on their way. */
async function inCrowd(context: BenchContext, where: 'same' | 'other'): Promise<readonly number[]> {
  const { workspace, sizes } = context;
  const folder = workspace.directory('crowd');
  const other = workspace.directory('beside');
  const arrivals = await Arrivals.open(context);
  const installation = new Installation({ context, folder, endpoint: arrivals.endpoint });
  installation.configure({ beside: other });
  const engine = await installation.start();
  await engine.settled();
  const samples: number[] = [];
  for (let round = 0; samples.length < sizes.saves / 2; round += 1) {
    const sentBefore = arrivals.objects;
    makeTree(join(folder, `crowd-${round}`), CROWD, CROWD_BYTES);
    while (arrivals.objects === sentBefore) await delay(5);
    const saves: Promise<number>[] = [];
    for (let save = 0; save < SAVES_IN_CROWD; save += 1) {
      saves.push(saveOne(arrivals, where === 'same' ? folder : other));
      await delay(BETWEEN_MS);
    }
    samples.push(...(await Promise.all(saves)));
    await engine.settled();
  }
  context.say(`${samples.length} saves among ${CROWD} other files, ${where} folder`);
  await engine.stop();
  await arrivals.close();
  installation.remove();
  workspace.remove(folder);
  workspace.remove(other);
  return samples;
}

async function ofScript(context: BenchContext): Promise<readonly number[]> {
  const folder = context.workspace.directory('saves');
  const arrivals = await Arrivals.open(context);
  const stop = await startScript(context.workspace, folder, arrivals.endpoint);
  const samples = await saveAndWait(context, arrivals, () => folder);
  await stop();
  await arrivals.close();
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
