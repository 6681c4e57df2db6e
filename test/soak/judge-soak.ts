/** What was seen of the engine at one time. */
export interface Sample {
  readonly atMs: number;
  readonly rssMiB: number;
  /** Of that the program itself and its libraries, which the system can take away. */
  readonly programMiB: number;
  /** The memory behind V8's heaps, in all threads; and what lives there, with what waits to be collected. */
  readonly heapMiB: number;
  readonly heapUsedMiB: number;
  /** Memory outside that objects of V8 hold; buffers are a part of it. */
  readonly externalMiB: number;
  readonly buffersMiB: number;
  /** The C library's heap and arenas: SQLite's pages and small buffers. */
  readonly allocatorMiB: number;
  readonly handles: number;
  readonly sockets: number;
  readonly openFiles: number;
  readonly threads: number;
  readonly databaseMiB: number;
  readonly logMiB: number;
  readonly open: number;
  readonly done: number;
}

export type Measure = Exclude<keyof Sample, 'atMs'>;

/** What still counts as flat. */
interface Allowance {
  /** How much more the last third may have than the first: a part of it, and a fixed amount. */
  readonly part: number;
  readonly more: number;
  /** What an hour may add for sure, that is with two standard errors taken off. */
  readonly perHour: number;
}

const ALLOWED: Partial<Record<Measure, Allowance>> = {
  // V8 takes and gives back young generations of tens of MiB as the load asks.
  rssMiB: { part: 0.15, more: 30, perHour: 60 },
  heapUsedMiB: { part: 0.15, more: 15, perHour: 15 },
  externalMiB: { part: 0.15, more: 15, perHour: 15 },
  allocatorMiB: { part: 0.15, more: 20, perHour: 20 },
  handles: { part: 0.1, more: 8, perHour: 8 },
  openFiles: { part: 0.1, more: 4, perHour: 4 },
  threads: { part: 0, more: 2, perHour: 1 },
  // The log of the last commits is cut at checkpoints; it does not grow with time.
  logMiB: { part: 0.5, more: 32, perHour: 16 },
};

/** A slope over less time says nothing of hours, ms. */
const LEAST_FOR_SLOPE_MS = 25 * 60_000;

/** Shown, not judged: the history in the database grows by intent (it is kept for 90 days), and counts are counts. */
const SHOWN = ['programMiB', 'heapMiB', 'buffersMiB', 'sockets', 'databaseMiB', 'open'] as const;

/** Part of the samples that is warming up: code is compiled and pools find their size. */
const WARM_UP = 1 / 6;
/** Neighbouring samples resemble each other; the means of so many stretches hardly do, so their scatter tells the error. */
const STRETCHES = 12;

export interface Trend {
  /** Median of the first and of the last third after warming up. */
  readonly first: number;
  readonly last: number;
  readonly most: number;
  /** Change per hour by least squares over the means of stretches, and its standard error. */
  readonly slopePerHour: number;
  readonly slopeError: number;
}

export interface SoakVerdict {
  /** Measures that did not stay flat. */
  readonly grew: readonly Measure[];
  readonly trends: Readonly<Partial<Record<Measure, Trend>>>;
}

/**
 * Flat: the median of the last third is no more than that of the first plus what is allowed, and no line through all of
 * them surely rises faster than that.
 */
export function judgeSoak(samples: readonly Sample[]): SoakVerdict {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const judged = Object.keys(ALLOWED) as Measure[];
  const trends: Partial<Record<Measure, Trend>> = {};
  for (const measure of [...judged, ...SHOWN]) trends[measure] = trend(warm, (sample) => sample[measure]);
  const spanMs = (warm.at(-1)?.atMs ?? 0) - (warm[0]?.atMs ?? 0);
  const grew = judged.filter((measure) => {
    const allowed = ALLOWED[measure];
    const seen = trends[measure];
    if (allowed === undefined || seen === undefined) return false;
    const rises = spanMs >= LEAST_FOR_SLOPE_MS && seen.slopePerHour - 2 * seen.slopeError > allowed.perHour;
    return rises || seen.last > seen.first * (1 + allowed.part) + allowed.more;
  });
  return { grew, trends };
}

/** Of at least three samples; fewer stretches where there are few. */
function trend(samples: readonly Sample[], of: (sample: Sample) => number): Trend {
  const all = samples.map(of);
  const third = Math.max(1, Math.floor(all.length / 3));
  return {
    first: median(all.slice(0, third)),
    last: median(all.slice(-third)),
    most: Math.max(...all),
    ...slope(stretches(samples, of)),
  };
}

interface Point {
  readonly hours: number;
  readonly value: number;
}

function stretches(samples: readonly Sample[], of: (sample: Sample) => number): Point[] {
  const length = Math.max(1, Math.floor(samples.length / STRETCHES));
  const points: Point[] = [];
  for (let at = 0; at + length <= samples.length; at += length) {
    const stretch = samples.slice(at, at + length);
    points.push({ hours: mean(stretch.map(({ atMs }) => atMs)) / 3_600_000, value: mean(stretch.map(of)) });
  }
  return points;
}

function slope(points: readonly Point[]): { readonly slopePerHour: number; readonly slopeError: number } {
  const hours = mean(points.map((point) => point.hours));
  const value = mean(points.map((point) => point.value));
  const spread = sum(points.map((point) => (point.hours - hours) ** 2));
  const slopePerHour = sum(points.map((point) => (point.hours - hours) * (point.value - value))) / spread;
  const residues = sum(points.map((point) => (point.value - value - slopePerHour * (point.hours - hours)) ** 2));
  return { slopePerHour, slopeError: Math.sqrt(residues / Math.max(1, points.length - 2) / spread) };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
