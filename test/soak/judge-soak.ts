/** What was seen of the engine at one time. */
export interface Sample {
  readonly atMs: number;
  readonly rssMiB: number;
  readonly handles: number;
  readonly threads: number;
  readonly databaseMiB: number;
  readonly logMiB: number;
  readonly open: number;
  readonly done: number;
}

type Measure = Exclude<keyof Sample, 'atMs'>;

/** How much more the last quarter may have than the second one: a part of it, and a fixed amount. */
const ALLOWED: Partial<Record<Measure, { readonly part: number; readonly more: number }>> = {
  rssMiB: { part: 0.15, more: 20 },
  handles: { part: 0.1, more: 8 },
  threads: { part: 0, more: 2 },
  // The log of the last commits is cut at checkpoints; it does not grow with time.
  logMiB: { part: 0.5, more: 32 },
};

export interface SoakVerdict {
  /** Measures that did not stay flat. */
  readonly grew: readonly Measure[];
  /** Per measure the medians of the second and of the last quarter, and the most that was seen. */
  readonly table: Readonly<Record<string, { readonly early: number; readonly late: number; readonly most: number }>>;
}

/**
 * The first quarter is warming up. Flat means that the median of the last quarter is no more than that of the second plus
 * what is allowed; the history in the database grows by intent (it is kept for 90 days) and is only shown.
 */
export function judgeSoak(samples: readonly Sample[]): SoakVerdict {
  const quarter = Math.floor(samples.length / 4);
  const measures = ['rssMiB', 'handles', 'threads', 'databaseMiB', 'logMiB', 'open'] as const;
  const table = Object.fromEntries(
    measures.map((measure) => {
      const all = samples.map((sample) => sample[measure]);
      const early = median(all.slice(quarter, 2 * quarter));
      return [
        measure,
        { early: round(early), late: round(median(all.slice(-quarter))), most: round(Math.max(...all)) },
      ];
    }),
  );
  const grew = measures.filter((measure) => {
    const allowed = ALLOWED[measure];
    const seen = table[measure];
    return allowed !== undefined && seen !== undefined && seen.late > seen.early * (1 + allowed.part) + allowed.more;
  });
  return { grew, table };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
