import { randomFillSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { STABILITY_MS } from '../../src/config/defaults.ts';
import { rcloneUpdate } from '../peers/rclone.ts';
import { requireTaken, startServer } from '../servers/server-process.ts';
import type { BenchContext } from '../support/bench-context.ts';
import { Installation } from '../support/engine.ts';
import type { Figure } from '../support/figure.ts';
import { makeTree, treePath } from '../support/file-trees.ts';
import { measureProcess } from '../support/run-process.ts';

const FILE_BYTES = 256;
/** Every so many-th file is changed in each run. */
const EVERY = 10;
/** Services tell times in whole seconds: what is changed right after an upload looks as old as it. */
const SECOND_MS = 1100;

/** A large folder that is all there; then a tenth of it changes, and both tools bring the storage up to date. */
export async function changed(context: BenchContext): Promise<readonly Figure[]> {
  const { workspace, sizes, runs } = context;
  const { trackedFiles: count } = sizes;
  const folder = workspace.directory('changed');
  makeTree(folder, count, FILE_BYTES);
  // One server for each: their keys are the same, and neither may meet the other's objects.
  const [oursTo, rcloneTo] = [await startServer('stand-in', workspace), await startServer('stand-in', workspace)];
  const engine = new Installation({ context, folder, endpoint: oursTo.endpoint, concurrency: 32 });
  const log = join(workspace.root, 'rclone.log');
  const rclone = () => measureProcess(rcloneUpdate(folder, rcloneTo.endpoint), log, workspace);
  await engine.runOnce();
  await rclone();
  context.say(`${count.toLocaleString('en')} files are there`);
  const ours: number[] = [];
  const theirs: number[] = [];
  const content = Buffer.allocUnsafe(FILE_BYTES);
  const each = Math.floor(count / EVERY);
  for (let run = 1; run <= runs; run += 1) {
    await delay(SECOND_MS);
    for (let index = run % EVERY; index < each * EVERY; index += EVERY) {
      writeFileSync(join(folder, treePath(index)), randomFillSync(content));
    }
    await delay(STABILITY_MS);
    ours.push((await engine.runOnce()).wallMs);
    theirs.push((await rclone()).wallMs);
    const sent = count + run * each;
    await requireTaken(oursTo, sent, sent * FILE_BYTES);
    await requireTaken(rcloneTo, sent, sent * FILE_BYTES);
    context.say(`run ${run}: Longshore ${ours.at(-1)?.toFixed(0)} ms, rclone ${theirs.at(-1)?.toFixed(0)} ms`);
  }
  await oursTo.close();
  await rcloneTo.close();
  workspace.remove(folder);
  const what = `10 % of ${count.toLocaleString('en')} files changed, scan to done, stand-in`;
  return [{ id: 'changed.wall', what, unit: 'ms', better: 'less', ours, peer: { name: 'rclone', samples: theirs } }];
}
