import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { RunLimits, RunSize } from './run-limits.ts';
import { runMany } from './run-many.ts';
import { runSeed, type RunResult } from './run-seed.ts';
import { shrink } from './shrink.ts';
import { describeFailure, reproduction, Summary } from './summary.ts';

const USAGE = `npm run simulate -- [--seeds N] [--minutes M] [--from SEED] [--workers K] [--size short|long] [--quiet] [--until-failure]
npm run simulate -- --seed SEED [--trace] [--shrink] [--size short|long]
                    [--without KIND:NAME,…] [--skip N,…] [--actions N] [--crashes N]

Runs seeds SEED, SEED + 1, … (default 1 …) until N of them (default 1000) or M minutes are over, or until it is
interrupted once. The first failures are shrunk to what they need. Three in four are short, as their seed says, unless --size does. With --seed one run, of which parts can be left out:
  --without action:rename,fault:reset-after,device:peer   kinds of actions or faults, the second device,
                    change:mode             or of changes of the configuration
  --skip 3,1007     actions by their number, changes by theirs        --actions N   the actions after N
  --crashes N       crashes after the first N`;

/** Failures that are told one by one. */
const MAX_SHOWN = 20;
/** Failures that are shrunk: each takes some seconds. */
const MAX_SHRUNK = 3;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
    'until-failure': { type: 'boolean', default: false },
    size: { type: 'string' },
    without: { type: 'string' },
    skip: { type: 'string' },
    actions: { type: 'string' },
    crashes: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

function number(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} wants a number, not "${text}"`);
  return value;
}

function sizeAsked(): { readonly size?: RunSize } {
  const { size } = values;
  if (size === undefined) return {};
  if (size !== 'short' && size !== 'long') throw new Error(`--size wants short or long, not "${size}"`);
  return { size };
}

function limitsAsked(): RunLimits {
  const { without, skip, actions, crashes } = values;
  return {
    ...sizeAsked(),
    ...(without === undefined ? {} : { without: without.split(',') }),
    ...(skip === undefined ? {} : { skip: skip.split(',').map((text) => number(text, 'skip')) }),
    ...(actions === undefined ? {} : { actions: number(actions, 'actions') }),
    ...(crashes === undefined ? {} : { crashes: number(crashes, 'crashes') }),
  };
}

async function shrunk(result: RunResult): Promise<void> {
  const small = await shrink(result, (limits) => runSeed(result.seed, false, limits));
  console.log(`  shrunk to ${small.actions} actions, ${small.steps} steps, ${small.crashes} crashes:`);
  console.log(`  ${reproduction(small.seed, small.limits)}`);
}

async function runOne(seed: number): Promise<boolean> {
  const result = await runSeed(seed, values.trace, limitsAsked());
  for (const line of result.trace ?? []) console.log(line);
  const { steps, crashes, faults, violations } = result;
  console.log(`seed ${seed}: ${steps} steps, ${crashes} crashes, ${faults} faults`);
  if (violations.length > 0) console.log(describeFailure(result));
  if (violations.length > 0 && values.shrink) await shrunk(result);
  return violations.length === 0;
}

async function runAll(): Promise<boolean> {
  const minutes = values.minutes === undefined ? Number.POSITIVE_INFINITY : number(values.minutes, 'minutes');
  const unbounded = values.minutes === undefined ? 1000 : Number.POSITIVE_INFINITY;
  const count = values.seeds === undefined ? unbounded : number(values.seeds, 'seeds');
  const from = number(values.from, 'from');
  const limits = limitsAsked();
  const beganMs = performance.now();
  const summary = new Summary();
  let given = 0;
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupted = true;
    });
  }
  const next = () => {
    if (interrupted || given >= count || performance.now() >= beganMs + minutes * 60_000) return null;
    if (values['until-failure'] && summary.failed.length > 0) return null;
    given += 1;
    return { seed: from + given - 1, limits };
  };
  await runMany(number(values.workers, 'workers'), next, (result) => {
    summary.add(result);
    if (result.violations.length > 0 && summary.failed.length <= MAX_SHOWN) console.log(describeFailure(result));
  });
  const perMinute = Math.round(summary.counting / ((performance.now() - beganMs) / 60_000));
  if (!values['no-shrink']) {
    for (const result of summary.failed.slice(0, MAX_SHRUNK)) {
      console.log(`seed ${result.seed} is made smaller …`);
      await shrunk(result);
    }
  }
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
