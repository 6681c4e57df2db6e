import { Coverage } from './coverage.ts';
import { limitsText, type RunLimits } from './run-limits.ts';
import { COUNTING_STEPS, type RunResult } from './run-seed.ts';

/** Over all runs the median has to reach these, else the runs prove little. */
const MEDIAN_CRASHES = 1;
const MEDIAN_FAULTS = 2;

/** What many runs come to. */
export class Summary {
  readonly coverage = new Coverage();
  readonly failed: RunResult[] = [];
  readonly #steps: number[] = [];
  readonly #crashes: number[] = [];
  readonly #faults: number[] = [];
  runs = 0;

  add(result: RunResult): void {
    this.runs += 1;
    this.coverage.add(result.coverage);
    if (result.violations.length > 0) this.failed.push(result);
    if (result.steps < COUNTING_STEPS) return;
    this.#steps.push(result.steps);
    this.#crashes.push(result.crashes);
    this.#faults.push(result.faults);
  }

  /** Runs long enough to count. */
  get counting(): number {
    return this.#steps.length;
  }

  get medians(): { readonly steps: number; readonly crashes: number; readonly faults: number } {
    return { steps: median(this.#steps), crashes: median(this.#crashes), faults: median(this.#faults) };
  }

  /** False when the runs were too tame to say anything. */
  get demanding(): boolean {
    return this.medians.crashes >= MEDIAN_CRASHES && this.medians.faults >= MEDIAN_FAULTS;
  }

  /** Violations of one promise, each with what reproduces it. */
  of(promise: string): string[] {
    return this.failed.flatMap(({ seed, violations }) =>
      violations.filter((violation) => violation.promise === promise).map(({ text }) => `seed ${seed}: ${text}`),
    );
  }

  coverageLines(): string[] {
    return [...this.coverage.counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, times]) => `  ${String(times).padStart(9)}  ${name}`);
  }
}

export function describeFailure({ seed, limits, violations }: RunResult): string {
  const lines = violations.map(({ promise, text, atMs }) => `  ${promise} at ${(atMs / 1000).toFixed(3)} s: ${text}`);
  return [`✗ seed ${seed}`, ...lines, `  ${reproduction(seed, limits)}`].join('\n');
}

/** The one line that shows a run again. */
export function reproduction(seed: number, limits: RunLimits): string {
  return ['npm run simulate -- --seed', seed, limitsText(limits), '--trace'].filter((part) => part !== '').join(' ');
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
