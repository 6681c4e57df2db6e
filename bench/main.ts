/** `npm run bench`: measures Longshore against peers in the same run. README.md tells how to read it. */
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { ensureBuild } from '../tools/run/ensure-build.ts';
import { burst } from './cases/burst.ts';
import { changed } from './cases/changed.ts';
import { latency } from './cases/latency.ts';
import { eventLoop } from './cases/event-loop.ts';
import { largeFile } from './cases/large-file.ts';
import { million } from './cases/million.ts';
import { outbox } from './cases/outbox.ts';
import { requests } from './cases/requests.ts';
import { scan } from './cases/scan.ts';
import { smallFiles } from './cases/small-files.ts';
import { trackedTree } from './cases/tracked-tree.ts';
import { ensureRclone } from './peers/rclone.ts';
import type { BenchCase } from './support/bench-context.ts';
import type { Figure } from './support/figure.ts';
import { readOptions, USAGE, UsageError, type BenchOptions } from './support/options.ts';
import { describeMachine, table, writeResults } from './support/report.ts';
import { Workspace } from './support/workspace.ts';

const CASES: ReadonlyMap<string, BenchCase> = new Map([
  ['outbox', outbox],
  ['requests', requests],
  ['scan', scan],
  ['small-files', smallFiles],
  ['large-file', largeFile],
  ['tracked-tree', trackedTree],
  ['changed', changed],
  ['burst', burst],
  ['latency', latency],
  ['event-loop', eventLoop],
  ['million', million],
]);
/** Those that are measured against rclone. */
const WITH_RCLONE: ReadonlySet<string> = new Set(['small-files', 'large-file', 'changed']);
/** Those that take so long or so much disk that they run only when they are asked for by name. */
const ON_REQUEST: ReadonlySet<string> = new Set(['million']);
/** Work of others per core from which on numbers can't be trusted. */
const BUSY_LOAD = 0.5;

async function measure(options: BenchOptions): Promise<number> {
  const startedAt = new Date();
  const chosen = [...CASES].filter(([name]) =>
    options.only.length === 0 ? !ON_REQUEST.has(name) : options.only.includes(name),
  );
  const rclone = chosen.some(([name]) => WITH_RCLONE.has(name)) ? await ensureRclone() : null;
  if (options.engineFrom === 'dist' && !(await ensureBuild())) throw new Error('the build failed');
  const machine = describeMachine(rclone);
  const load = loadavg()[0] ?? 0;
  if (load > machine.cores * BUSY_LOAD) console.log(`The machine is busy (load ${load.toFixed(1)}): expect noise.`);

  const workspace = new Workspace(options.directory);
  const figures: Figure[] = [];
  let failed = 0;
  const stopping = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    console.log(`\n${signal}: cleaning up …`);
    stopping.abort();
    // What is being measured ends with its processes.
    void workspace.close().then(() => process.exit(1));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  try {
    for (const [name, run] of chosen) {
      if (stopping.signal.aborted) break;
      console.log(`${name} …`);
      try {
        const say = (line: string) => {
          console.log(`  ${line}`);
        };
        figures.push(...(await run({ ...options, workspace, say })));
      } catch (error) {
        // One case that fails leaves the others their numbers; the exit code tells.
        failed += 1;
        if (stopping.signal.aborted) break;
        console.error(`${name} failed:`, error);
      }
    }
  } finally {
    await workspace.close();
  }
  if (stopping.signal.aborted) return 1;
  console.log(`\n${table(figures)}\n`);
  if (options.quick) console.log('Small sizes (--quick): these numbers only show that the benchmarks work.');
  console.log(writeResults(join(import.meta.dirname, 'results'), startedAt, machine, options, figures));
  return failed === 0 ? 0 : 1;
}

async function main(argv: readonly string[]): Promise<number> {
  if (process.platform !== 'linux') {
    console.error('The benchmarks read CPU time and memory from /proc: they run on Linux only.');
    return 2;
  }
  try {
    const options = readOptions(argv, [...CASES.keys()]);
    if (options !== 'help') return await measure(options);
    console.log(USAGE);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
