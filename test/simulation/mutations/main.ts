import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { failedTests } from './failed-tests.ts';
import type { Mutation } from './mutation.ts';
import { MUTATIONS } from './mutations.ts';
import { ScratchTree } from './scratch-tree.ts';

const USAGE = `npm run mutate -- [--only NAME,…] [--seeds N] [--from SEED] [--workers K] [--places]

Breaks the product in one way after another, in a scratch copy, and runs the simulation there until a checker finds it or
N seeds (default 3000) have passed; where the simulation has a stand-in for what is broken, the tests of the real thing run
instead ("tests" in the table). Fails when one survives, or when its place in the source is not there any more.
--places only looks whether all places are there.`;

/** Runs of the unbroken product first, to say so when it is not sound. */
const BASELINE_SEEDS = 50;

interface Outcome {
  readonly found: string | null;
  /** The run in which it was found. */
  readonly seed: number | null;
  readonly runs: number;
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '3000' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    places: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

async function run(
  tree: ScratchTree,
  args: readonly string[],
): Promise<{ readonly output: string; readonly errors: string }> {
  const child = spawn(process.execPath, ['test/simulation/main.ts', '--quiet', '--no-shrink', ...args], {
    cwd: tree.path,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { output, errors };
}

/** Runs seeds in the tree until something breaks. */
async function simulate(tree: ScratchTree, from: number, seeds: number): Promise<Outcome> {
  const range = ['--from', String(from), '--seeds', String(seeds), '--workers', values.workers];
  const { output, errors } = await run(tree, ['--until-failure', ...range]);
  const runs = Number(/^(\d+) runs/m.exec(output)?.[1] ?? 0);
  // A mutation that does not even start proves nothing about the checkers.
  if (runs === 0) throw new Error(`the simulation did not run: ${errors.slice(0, 500)}`);
  const violation = /^ {2}(\S+) at [\d.]+ s: (.{0,90})/m.exec(output);
  const seed = /^✗ seed (\d+)/m.exec(output);
  if (violation === null || seed === null) return { found: null, seed: null, runs };
  return { found: `${violation[1]}: ${violation[2]}`, seed: Number(seed[1]), runs };
}

/** Whether the unbroken product holds its promises in this run. */
async function holds(tree: ScratchTree, seed: number): Promise<boolean> {
  const { output } = await run(tree, ['--seed', String(seed)]);
  return !output.includes('✗ seed');
}

/** What the mutation breaks counts only where nothing was broken before. */
async function tryMutation(sound: ScratchTree, tree: ScratchTree, mutation: Mutation): Promise<boolean> {
  const applied = tree.apply(mutation);
  if (applied.kind === 'no-place') {
    row(mutation, `DOES NOT APPLY: ${applied.reason}`, '');
    return false;
  }
  try {
    if (mutation.tests !== undefined) return await tryWithTests(sound, tree, mutation, mutation.tests);
    const first = Number(values.from);
    const limit = first + Number(values.seeds);
    for (let from = first; from < limit;) {
      const { found, seed, runs } = await simulate(tree, from, limit - from);
      if (found === null || seed === null) break;
      if (await holds(sound, seed)) {
        row(mutation, `${found} (seed ${seed})`, String(from - first + runs));
        return true;
      }
      from = seed + 1;
    }
    row(mutation, 'SURVIVED', values.seeds);
    return false;
  } finally {
    applied.undo();
  }
}

async function tryWithTests(
  sound: ScratchTree,
  tree: ScratchTree,
  mutation: Mutation,
  tests: readonly string[],
): Promise<boolean> {
  const before = new Set(await failedTests(sound, tests));
  const found = (await failedTests(tree, tests)).find((name) => !before.has(name));
  row(mutation, found ?? 'SURVIVED', 'tests');
  return found !== undefined;
}

function row({ name, breaks }: Mutation, result: string, runs: string): void {
  console.log(`| ${name.padEnd(40)} | ${breaks.padEnd(10)} | ${runs.padStart(5)} | ${result} |`);
}

/** Whether every mutation still has its place in the source. */
function placesAreThere(tree: ScratchTree): boolean {
  const gone = MUTATIONS.flatMap((mutation) => {
    const applied = tree.apply(mutation);
    if (applied.kind === 'no-place') return [`${mutation.name}: ${applied.reason}`];
    applied.undo();
    return [];
  });
  for (const line of gone) console.log(line);
  console.log(`${MUTATIONS.length - gone.length} of ${MUTATIONS.length} mutations have their places`);
  return gone.length === 0;
}

async function main(): Promise<boolean> {
  const repository = fileURLToPath(new URL('../../..', import.meta.url));
  if (values.places) {
    const tree = new ScratchTree(repository);
    try {
      return placesAreThere(tree);
    } finally {
      tree.remove();
    }
  }
  const [sound, tree] = [new ScratchTree(repository), new ScratchTree(repository)];
  try {
    const { found, seed } = await simulate(sound, Number(values.from), BASELINE_SEEDS);
    if (found !== null)
      console.log(`note: the unbroken product breaks ${found} with seed ${seed}; such runs do not count`);
    console.log(`| ${'mutation'.padEnd(40)} | ${'breaks'.padEnd(10)} | seeds | found by |`);
    console.log(`|${'-'.repeat(42)}|${'-'.repeat(12)}|${'-'.repeat(6)}:|---|`);
    const only = values.only?.split(',') ?? [''];
    const chosen = MUTATIONS.filter(({ name }) => only.some((part) => name.includes(part)));
    let good = 0;
    for (const mutation of chosen) if (await tryMutation(sound, tree, mutation)) good += 1;
    console.log(`${good} of ${chosen.length} mutations found`);
    return good === chosen.length && chosen.length > 0;
  } finally {
    sound.remove();
    tree.remove();
  }
}

if (values.help) console.log(USAGE);
else process.exitCode = (await main()) ? 0 : 1;
