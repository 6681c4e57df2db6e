import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { runSeed, type RunResult } from './run-seed.ts';
import { describeFailure, Summary } from './summary.ts';

const USAGE = `npm run simulate -- [--seeds N] [--minutes M] [--from SEED] [--workers K] [--quiet]
npm run simulate -- --seed SEED [--trace]

Runs seeds SEED, SEED + 1, … (default 1 …) until N of them (default 1000) or M minutes are over.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

function number(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} wants a number, not "${text}"`);
  return value;
}

async function runOne(seed: number): Promise<boolean> {
  const result = await runSeed(seed, values.trace);
  for (const line of result.trace ?? []) console.log(line);
  const { steps, crashes, faults, violations } = result;
  console.log(`seed ${seed}: ${steps} steps, ${crashes} crashes, ${faults} faults`);
  if (violations.length > 0) console.log(describeFailure(result));
  return violations.length === 0;
}

/** Gives each worker a seed whenever it is done with one; resolves when all are done. */
function runMany(from: number, count: number, untilMs: number, take: (result: RunResult) => void): Promise<void> {
  let next = from;
  const run = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL('./simulation-worker.ts', import.meta.url));
      const feed = () => {
        if (next >= from + count || performance.now() >= untilMs) {
          worker.off('exit', reject);
          void worker.terminate().then(() => resolve(), reject);
          return;
        }
        worker.postMessage(next);
        next += 1;
      };
      worker.on('message', (result: RunResult) => {
        take(result);
        feed();
      });
      worker.on('error', reject);
      worker.on('exit', reject);
      feed();
    });
  return Promise.all(Array.from({ length: number(values.workers, 'workers') }, run)).then(() => undefined);
}

async function runAll(): Promise<boolean> {
  const minutes = values.minutes === undefined ? Number.POSITIVE_INFINITY : number(values.minutes, 'minutes');
  const unbounded = values.minutes === undefined ? 1000 : Number.MAX_SAFE_INTEGER / 2;
  const count = values.seeds === undefined ? unbounded : number(values.seeds, 'seeds');
  const beganMs = performance.now();
  const summary = new Summary();
  await runMany(number(values.from, 'from'), count, beganMs + minutes * 60_000, (result) => {
    summary.add(result);
    if (result.violations.length > 0) console.log(describeFailure(result));
  });
  const perMinute = Math.round(summary.counting / ((performance.now() - beganMs) / 60_000));
  if (!values.quiet) for (const line of summary.coverageLines()) console.log(line);
  const { steps, crashes, faults } = summary.medians;
  console.log(`${summary.runs} runs, ${summary.counting} of them count: ${perMinute} a minute`);
  console.log(`median: ${steps} steps, ${crashes} crashes, ${faults} faults`);
  console.log(summary.failed.length === 0 ? 'every promise held' : `${summary.failed.length} runs broke a promise`);
  if (!summary.demanding) console.log('too tame: the median run needs a crash and two faults');
  return summary.failed.length === 0 && summary.demanding;
}

if (values.help) console.log(USAGE);
else {
  const fine = values.seed === undefined ? await runAll() : await runOne(number(values.seed, 'seed'));
  process.exitCode = fine ? 0 : 1;
}
