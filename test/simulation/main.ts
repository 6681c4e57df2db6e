import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runMany } from './run-many.ts';
import { runSeed } from './run-seed.ts';
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

async function runAll(): Promise<boolean> {
  const minutes = values.minutes === undefined ? Number.POSITIVE_INFINITY : number(values.minutes, 'minutes');
  const unbounded = values.minutes === undefined ? 1000 : Number.POSITIVE_INFINITY;
  const count = values.seeds === undefined ? unbounded : number(values.seeds, 'seeds');
  const from = number(values.from, 'from');
  const beganMs = performance.now();
  let given = 0;
  const next = () => {
    if (given >= count || performance.now() >= beganMs + minutes * 60_000) return null;
    given += 1;
    return from + given - 1;
  };
  const summary = new Summary();
  await runMany(number(values.workers, 'workers'), next, (result) => {
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
