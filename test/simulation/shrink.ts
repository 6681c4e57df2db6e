import type { RunLimits } from './run-limits.ts';
import type { RunResult } from './run-seed.ts';

/** A run for shrinking's sake: the seed with these limits. */
export type RunAgain = (limits: RunLimits) => Promise<RunResult>;

/** No more runs than this for one failure; a run takes some 50 ms. */
const MAX_RUNS = 250;

/**
 * Leaves out of a failing run whatever its failure does not need: first the actions after it, then the second device,
 * crashes, kinds of faults, of changes and of actions, at last single ones. Greedy, bounded, and each candidate counts
 * only if the same promise breaks: what comes out is small, not smallest ("delta debugging", Zeller & Hildebrandt 2002).
 */
export async function shrink(failed: RunResult, runAgain: RunAgain): Promise<RunResult> {
  const promise = failed.violations[0]?.promise;
  let best = failed;
  let runs = 0;
  const tries = async (limits: RunLimits): Promise<boolean> => {
    if (runs >= MAX_RUNS) return false;
    runs += 1;
    const result = await runAgain(limits);
    if (!result.violations.some((violation) => violation.promise === promise)) return false;
    best = result;
    return true;
  };
  const without = (names: readonly string[]) => ({
    ...best.limits,
    without: [...new Set([...(best.limits.without ?? []), ...names])],
  });

  for (let step = Math.ceil(best.actions / 2); step >= 1; step = step === 1 ? 0 : Math.ceil(step / 2)) {
    while (best.actions > step && (await tries({ ...best.limits, actions: best.actions - step })));
  }
  await tries(without(['device:peer']));
  for (let crashes = 0; crashes < best.crashes; crashes += 1) {
    if (await tries({ ...best.limits, crashes })) break;
  }
  await leaveOut(kindsOf(best, 'fault'), (names) => tries(without(names.map((name) => `fault:${name}`))));
  await leaveOut(kindsOf(best, 'change'), (names) => tries(without(names.map((name) => `change:${name}`))));
  await leaveOut(kindsOf(best, 'action'), (names) => tries(without(names.map((name) => `action:${name}`))));
  const numbers = [...best.changes, ...Array.from({ length: best.actions }, (_, index) => index)];
  await leaveOut(numbers, (skip) =>
    tries({ ...best.limits, skip: [...new Set([...(best.limits.skip ?? []), ...skip])].sort((a, b) => a - b) }),
  );
  return best;
}

/** Tries to do without ever smaller groups of items. */
async function leaveOut<T>(items: readonly T[], tries: (group: readonly T[]) => Promise<boolean>): Promise<void> {
  let left = items;
  for (let size = left.length; size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < left.length;) {
      const group = left.slice(from, from + size);
      if (await tries(group)) left = left.filter((item) => !group.includes(item));
      else from += size;
    }
  }
}

/** The kinds of faults, changes or actions that a run met: coverage counts them by name. */
function kindsOf({ coverage }: RunResult, what: 'fault' | 'change' | 'action'): string[] {
  const names = coverage.map(([name]) => name.split(' ')).filter(([first]) => first === what);
  return [...new Set(names.map((words) => words.at(-1) ?? ''))];
}
