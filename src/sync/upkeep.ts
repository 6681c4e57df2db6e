import type { Clock, EpochMs } from '../core/ports.ts';
import { asDatabaseError } from '../db/database-error.ts';
import type { Repositories } from '../db/repositories.ts';

/** After a start there is more urgent work, ms. */
const FIRST_AFTER_MS = 60_000;
const PERIOD_MS = 6 * 3_600_000;
/** Rows that one step looks at: about ten milliseconds, far below what anybody would feel. */
const STEP_ROWS = 500;
/** Between two steps, ms: the engine's own work goes first. */
const BETWEEN_STEPS_MS = 50;
/** Pages of 4 KiB that one step gives back. */
const STEP_PAGES = 256;
/** Free pages that are kept for what comes next. */
const SPARE_PAGES = 512;
/** Runs of the engine that are kept whatever their age. */
const KEPT_RUNS = 100;
const DAY_MS = 86_400_000;
const ENDED = ['succeeded', 'cancelled', 'superseded'] as const;

export interface UpkeepDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  /** Events, and operations that have ended, are kept this long. */
  readonly keepDays: number;
  readonly onFatal: (error: unknown) => void;
}

type Step = () => Step | null;

/**
 * Keeps the database bounded over months: what is older than the history's length goes, free pages go back to the file
 * system, the log is cut. One small step at a time, with the engine's work between them.
 */
export class Upkeep {
  readonly #deps: UpkeepDeps;
  #cancelTimer: (() => void) | null = null;
  #stopped = false;

  constructor(deps: UpkeepDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#later(FIRST_AFTER_MS, () => this.#begin());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
  }

  #later(delayMs: number, step: Step): void {
    if (this.#stopped) return;
    this.#cancelTimer = this.#deps.clock.setTimer(delayMs, () => {
      let next: Step | null = null;
      try {
        next = step();
      } catch (error) {
        // A full disk hinders it like everything else; it comes round again.
        if (asDatabaseError(error, '')?.kind !== 'full') {
          this.#deps.onFatal(error);
          return;
        }
      }
      if (next === null) this.#later(PERIOD_MS, () => this.#begin());
      else this.#later(BETWEEN_STEPS_MS, next);
    });
  }

  #begin(): Step {
    const before = this.#deps.clock.now() - this.#deps.keepDays * DAY_MS;
    return () => this.#events(0, before);
  }

  #events(fromSeq: number, before: EpochMs): Step {
    const { repos } = this.#deps;
    const { next } = repos.transaction(() => repos.retention.removeEvents(fromSeq, before, STEP_ROWS));
    return next === null ? () => this.#operations(0, before) : () => this.#events(next, before);
  }

  #operations(which: number, before: EpochMs): Step {
    const { repos } = this.#deps;
    const state = ENDED[which];
    if (state === undefined) return () => this.#rest(before);
    const removed = repos.transaction(() => repos.retention.removeEnded(state, before, STEP_ROWS));
    return () => this.#operations(removed === 0 ? which + 1 : which, before);
  }

  #rest(before: EpochMs): Step {
    this.#deps.repos.retention.removeRuns(before, KEPT_RUNS);
    return () => this.#shrink(Number.POSITIVE_INFINITY);
  }

  /** `freeBefore`: a database that was not made for it never gets fewer. */
  #shrink(freeBefore: number): Step {
    const { retention } = this.#deps.repos;
    const free = retention.freePages();
    if (free <= SPARE_PAGES || free >= freeBefore) return () => this.#checkpoint();
    retention.shrink(Math.min(STEP_PAGES, free - SPARE_PAGES));
    return () => this.#shrink(free);
  }

  #checkpoint(): null {
    this.#deps.repos.retention.checkpoint();
    return null;
  }
}
