import type { EpochMs } from '../core/ports.ts';

/** A stretch of the week in local time. `toMinute` ≤ `fromMinute` goes on into the next day. */
export interface WeekWindow {
  /** Days on which it begins; 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes since midnight, 0 to 1439. */
  readonly fromMinute: number;
  /** 0 to 1440. */
  readonly toMinute: number;
}

/** What a clock on the wall shows. */
export interface LocalTime {
  /** 0 is Sunday. */
  readonly day: number;
  /** Minutes since midnight. */
  readonly minute: number;
}
export type LocalTimeOf = (at: EpochMs) => LocalTime;

/** This machine's time zone. */
const localTimeOf: LocalTimeOf = (at) => {
  const date = new Date(at);
  return { day: date.getDay(), minute: date.getHours() * 60 + date.getMinutes() };
};

const MINUTE_MS = 60_000;
/** A week and a day: what has not changed by then, over a change of the clocks too, does not change. */
const HORIZON_MINUTES = 8 * 24 * 60;

export function windowHolds(window: WeekWindow, { day, minute }: LocalTime): boolean {
  const { days, fromMinute, toMinute } = window;
  if (toMinute > fromMinute) return days.includes(day) && minute >= fromMinute && minute < toMinute;
  return (days.includes(day) && minute >= fromMinute) || (days.includes((day + 6) % 7) && minute < toMinute);
}

/**
 * Which window of a list holds now, and when that changes. It goes by what the clock on the wall shows, minute by minute:
 * so an hour that a change of the clocks leaves out never comes, and one that it brings twice counts twice. The walk over a
 * week costs milliseconds and is made once per change.
 */
export class WeekSchedule<W extends WeekWindow> {
  readonly windows: readonly W[];
  readonly #localTimeOf: LocalTimeOf;
  #known: { readonly since: EpochMs; readonly until: EpochMs; readonly changes: boolean; readonly window: W | null } = {
    since: 0,
    until: 0,
    changes: false,
    window: null,
  };

  constructor(windows: readonly W[], timeOf: LocalTimeOf = localTimeOf) {
    this.windows = windows;
    this.#localTimeOf = timeOf;
  }

  /** The first window that holds, or null. */
  windowAt(at: EpochMs): W | null {
    return this.#look(at).window;
  }

  /** When another window, or none, holds; null when that is not within the coming week. */
  nextChange(at: EpochMs): EpochMs | null {
    const known = this.#look(at);
    return known.changes ? known.until : null;
  }

  /** When one holds (again): `at` itself when one does; null when none ever will. */
  nextHolding(at: EpochMs): EpochMs | null {
    if (this.windowAt(at) !== null) return at;
    return this.nextChange(at);
  }

  #look(at: EpochMs) {
    // The wall clock may have been set back.
    if (at >= this.#known.since && at < this.#known.until) return this.#known;
    const window = this.#find(at);
    const start = Math.floor(at / MINUTE_MS);
    let minutes = 1;
    if (this.windows.length > 0) {
      while (minutes < HORIZON_MINUTES && this.#find((start + minutes) * MINUTE_MS) === window) minutes += 1;
    } else minutes = HORIZON_MINUTES;
    this.#known = { since: at, until: (start + minutes) * MINUTE_MS, changes: minutes < HORIZON_MINUTES, window };
    return this.#known;
  }

  #find(at: EpochMs): W | null {
    const local = this.#localTimeOf(at);
    return this.windows.find((window) => windowHolds(window, local)) ?? null;
  }
}
