import { join } from 'node:path';
import { ThreadScanner } from '../../src/watch/thread-scanner.ts';
import { systemClock } from '../../src/engine/system-clock.ts';
import type { BenchContext } from '../support/bench-context.ts';
import type { Figure } from '../support/figure.ts';
import { makeTree } from '../support/file-trees.ts';
import { measureProcess } from '../support/run-process.ts';

/** The scanner alone against `find` on the same tree, warm. */
export async function scan(context: BenchContext): Promise<readonly Figure[]> {
  const { workspace, sizes } = context;
  const root = workspace.directory('scanned');
  makeTree(root, sizes.trackedFiles, 16);
  const workerUrl = new URL('../../src/watch/scan-worker.ts', import.meta.url);
  const scanner = new ThreadScanner({ workerUrl, clock: systemClock });
  const release = workspace.owns(() => scanner.close());
  const ours: number[] = [];
  const cpu: number[] = [];
  const find: number[] = [];
  const findCpu: number[] = [];
  // The first round warms the system's cache and the thread; it does not count.
  for (let run = 0; run <= context.runs; run += 1) {
    let files = 0;
    const startedAt = performance.now();
    const summary = await scanner.scan(
      {
        root,
        ignore: [],
        maxFileSizeBytes: Number.MAX_SAFE_INTEGER,
        minFileSizeBytes: 0,
        under: [{ dir: '', below: true }],
      },
      (batch) => {
        for (const directory of batch) files += directory.files.length;
      },
      new AbortController().signal,
    );
    const wallMs = performance.now() - startedAt;
    if (files !== sizes.trackedFiles) throw new Error(`the scan found ${files} of ${sizes.trackedFiles} files`);
    // What a scan must know of each file, as find words it.
    const listing = { program: 'find', args: [root, '-printf', '%s %T@ %C@ %i %D %P\\n'] };
    const usage = await measureProcess(listing, join(workspace.root, 'find.log'), workspace);
    if (run === 0) continue;
    ours.push(wallMs);
    cpu.push(summary.cpuMs);
    find.push(usage.wallMs);
    findCpu.push(usage.cpuMs);
    context.say(`run ${run}: Longshore ${wallMs.toFixed(0)} ms, find ${usage.wallMs.toFixed(0)} ms`);
  }
  await release();
  workspace.remove(root);
  const what = `scan of ${sizes.trackedFiles.toLocaleString('en')} files, warm`;
  return [
    { id: 'scan.wall', what, unit: 'ms', better: 'less', ours, peer: { name: 'find', samples: find } },
    { id: 'scan.cpu', what: '… CPU', unit: 'ms', better: 'less', ours: cpu, peer: { name: 'find', samples: findCpu } },
  ];
}
