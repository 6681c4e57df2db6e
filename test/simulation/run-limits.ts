/** How much happens in a run: most bugs need little, and some need a long life. */
export type RunSize = 'short' | 'long';

/** What may be left out of a run, so that a failing one shrinks to what its failure needs. */
export interface RunLimits {
  /** Missing: as the seed says. */
  readonly size?: RunSize;
  /** `action:rename`, `change:mode`, `fault:reset-after`, `device:peer`: kinds that never happen. */
  readonly without?: readonly string[];
  /** Actions, and changes of the configuration, by their number that are left out. */
  readonly skip?: readonly number[];
  /** No more actions than this. */
  readonly actions?: number;
  /** The first crashes by their number; none: 0. */
  readonly crashes?: number;
}

export class Limits {
  readonly maxActions: number;
  readonly maxCrashes: number;
  readonly #without: ReadonlySet<string>;
  readonly #skip: ReadonlySet<number>;

  constructor({ without = [], skip = [], actions, crashes }: RunLimits) {
    this.#without = new Set(without);
    this.#skip = new Set(skip);
    this.maxActions = actions ?? Number.POSITIVE_INFINITY;
    this.maxCrashes = crashes ?? Number.POSITIVE_INFINITY;
  }

  permits(kind: 'action' | 'change' | 'fault' | 'device', name: string): boolean {
    return !this.#without.has(`${kind}:${name}`);
  }

  skips(action: number): boolean {
    return this.#skip.has(action);
  }
}

/** How the limits are written on a command line. */
export function limitsText({ size, without = [], skip = [], actions, crashes }: RunLimits): string {
  return [
    size === undefined ? '' : `--size ${size}`,
    without.length > 0 ? `--without ${without.join(',')}` : '',
    skip.length > 0 ? `--skip ${skip.join(',')}` : '',
    actions === undefined ? '' : `--actions ${actions}`,
    crashes === undefined ? '' : `--crashes ${crashes}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}
