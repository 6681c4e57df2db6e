/** One measured thing: ours and the peer's samples of the same run, in the same unit. */
export interface Figure {
  /** Stable over time, so that results of different days can be compared. */
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  /** Whether more is better (a rate) or less (a cost). */
  readonly better: 'more' | 'less';
  readonly ours: readonly number[];
  readonly peer: { readonly name: string; readonly samples: readonly number[] };
  /** Which quantile of the samples is shown; the median where nothing is said. */
  readonly quantile?: number;
}

/** What the table shows of a figure. */
export interface Summary {
  readonly ours: number;
  readonly peer: number;
  /** How many times better than the peer: above 1 Longshore wins, whatever the unit. */
  readonly ratio: number;
  /** Distance between the least and the greatest sample of ours, as a share of the median: how far to trust it. */
  readonly spread: number;
}

/** The value below which the share `fraction` (0 to 1) of the samples lies, interpolated. NaN for no samples. */
function quantile(samples: readonly number[], fraction: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const position = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export function summarise(figure: Figure): Summary {
  const fraction = figure.quantile ?? 0.5;
  const ours = quantile(figure.ours, fraction);
  const peer = quantile(figure.peer.samples, fraction);
  const ratio = figure.better === 'more' ? ours / peer : peer / ours;
  const spread = (Math.max(...figure.ours) - Math.min(...figure.ours)) / quantile(figure.ours, 0.5);
  return { ours, peer, ratio, spread };
}
