import type { RunLimits, RunSize } from './run-limits.ts';
import type { SeededRandom } from './seeded-random.ts';

/** What differs between sizes. */
export interface RunScale {
  /** Fewest and most. */
  readonly actions: readonly [number, number];
  /** Files in each folder that is long in use. */
  readonly files: readonly [number, number];
  /** At each step while there is trouble: one of these, for a whole run. */
  readonly crashChances: readonly number[];
  /** Part of the actions that come in one breath with the one before; the others wait for seconds. */
  readonly atOnce: number;
  /** Part of the others that come after up to `longPauseMs`. */
  readonly late: number;
  readonly longPauseMs: number;
  /** By then every change was found: folders this small are scanned as a whole every two minutes at least. */
  readonly scanMs: number;
  /** How long a settled engine is watched: every folder is scanned as a whole meanwhile. */
  readonly quietMs: number;
}

const SCALES: Readonly<Record<RunSize, RunScale>> = {
  short: {
    actions: [6, 24],
    files: [2, 6],
    crashChances: [0, 1 / 120, 1 / 60, 1 / 30],
    atOnce: 0.5,
    late: 0.05,
    longPauseMs: 30_000,
    scanMs: 5 * 60_000,
    quietMs: 8 * 60_000,
  },
  long: {
    actions: [15, 60],
    files: [5, 14],
    crashChances: [0, 1 / 400, 1 / 150, 1 / 60],
    atOnce: 0.4,
    late: 0.1,
    longPauseMs: 90_000,
    scanMs: 11 * 60_000,
    quietMs: 60 * 60_000,
  },
};
/** One run in so many is long. */
const LONG_EVERY = 4;
const AT_ONCE_MS = 60;
const PAUSE_MS = 3000;

/** The size of a run: as its seed says where nobody asks for another. */
export function scaleOf(seed: number, { size }: RunLimits): RunScale {
  return SCALES[size ?? (seed % LONG_EVERY === 0 ? 'long' : 'short')];
}

/** The time until the next action. */
export function pauseMs({ atOnce, late, longPauseMs }: RunScale, random: SeededRandom): number {
  if (random.chance(atOnce)) return random.fraction() * AT_ONCE_MS;
  return random.chance(1 - late) ? random.fraction() * PAUSE_MS : random.fraction() * longPauseMs;
}
