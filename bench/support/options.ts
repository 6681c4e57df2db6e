import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** How much is measured. Small sizes show that everything works; their numbers mean little. */
export interface Sizes {
  readonly smallFiles: number;
  readonly smallFileBytes: number;
  readonly largeFileBytes: number;
  readonly trackedFiles: number;
  readonly millionFiles: number;
  readonly outboxOperations: number;
  readonly singleEnqueues: number;
  readonly saves: number;
  readonly burstFiles: number;
  /** An idle engine's memory is read after this, ms. */
  readonly idleMs: number;
}

const MIB = 1024 * 1024;

const FULL: Sizes = {
  smallFiles: 10_000,
  smallFileBytes: 4096,
  largeFileBytes: 1024 * MIB,
  trackedFiles: 100_000,
  millionFiles: 1_000_000,
  outboxOperations: 50_000,
  singleEnqueues: 2000,
  saves: 100,
  burstFiles: 60_000,
  // The engine gives memory back 20 s after its work is done.
  idleMs: 45_000,
};

const QUICK: Sizes = {
  smallFiles: 1000,
  smallFileBytes: 4096,
  largeFileBytes: 256 * MIB,
  trackedFiles: 10_000,
  millionFiles: 40_000,
  outboxOperations: 5000,
  singleEnqueues: 200,
  saves: 15,
  burstFiles: 5000,
  idleMs: 30_000,
};

export interface BenchOptions {
  readonly quick: boolean;
  readonly sizes: Sizes;
  /** Repetitions, ours and the peer's in turn. */
  readonly runs: number;
  /** Names of the cases to run; empty: all. */
  readonly only: readonly string[];
  /** What runs as the engine: the bundle that users get, or the sources as they are. */
  readonly engineFrom: 'dist' | 'src';
  /** Where the engine's CPU profiles go; null: none is taken. */
  readonly profileDirectory: string | null;
  /** Where trees, databases and servers' data go; the system's temporary directory where nothing is said. */
  readonly directory: string | null;
}

export class UsageError extends Error {}

export const USAGE = `Longshore's benchmarks. Linux only: CPU time and memory come from /proc.

npm run bench -- [options]
  --runs N       repetitions of everything that is a median, default 5
  --quick        small sizes: shows that it works, its numbers mean little
  --only NAMES   comma-separated: small-files, large-file, requests, scan, outbox, tracked-tree,
                 changed, burst, latency, event-loop; by name only: million
  --from WHAT    dist (default; built when it is stale) or src
  --profile DIR  CPU profiles of every engine (*.cpuprofile) go there; best with --from src
  --dir DIR      where the temporary files go; a real disk, with 4 GiB free
`;

/** Throws UsageError. */
export function readOptions(argv: readonly string[], caseNames: readonly string[]): BenchOptions | 'help' {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        runs: { type: 'string', default: '5' },
        quick: { type: 'boolean', default: false },
        only: { type: 'string' },
        from: { type: 'string', default: 'dist' },
        dir: { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help) return 'help';
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > 100) throw new UsageError('--runs wants a number from 1 to 100');
  const only = values.only === undefined ? [] : values.only.split(',');
  const unknown = only.find((name) => !caseNames.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no case "${unknown}"; there are: ${caseNames.join(', ')}`);
  if (values.from !== 'dist' && values.from !== 'src') throw new UsageError('--from wants dist or src');
  return {
    quick: values.quick,
    sizes: values.quick ? QUICK : FULL,
    runs,
    only,
    engineFrom: values.from,
    profileDirectory: values.profile === undefined ? null : resolve(values.profile),
    directory: values.dir ?? null,
  };
}
