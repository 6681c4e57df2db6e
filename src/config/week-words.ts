/** How days and times of the week are written in the configuration. */
import type { WeekWindow } from './config-types.ts';

/** Index: 0 is Sunday, as in `Date.getDay`. */
const BY_NUMBER = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** In the order in which people say them. */
export const DAY_NAMES = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const EVERY_DAY: readonly number[] = [0, 1, 2, 3, 4, 5, 6];

export const DAYS_PATTERN = /^(?:daily|(?:sun|mon|tue|wed|thu|fri|sat)(?:-(?:sun|mon|tue|wed|thu|fri|sat))?)$/;
export const FROM_PATTERN = /^(?:[01]?\d|2[0-3]):[0-5]\d$/;
/** As `FROM_PATTERN`, and 24:00 for the end of the day. */
export const TO_PATTERN = /^(?:(?:[01]?\d|2[0-3]):[0-5]\d|24:00)$/;

/** `daily`, `mon`, or `fri-mon` (which goes over the weekend), as day numbers in ascending order; null for anything else. */
export function parseDays(written: string): readonly number[] | null {
  if (!DAYS_PATTERN.test(written)) return null;
  if (written === 'daily') return EVERY_DAY;
  const [first = 0, last = first] = written.split('-').map((name) => BY_NUMBER.findIndex((day) => day === name));
  return EVERY_DAY.filter((day) => (first <= last ? day >= first && day <= last : day >= first || day <= last));
}

/** `HH:MM` as minutes since midnight, 0 to 1440; null for anything else. */
export function parseTimeOfDay(written: string): number | null {
  if (!TO_PATTERN.test(written)) return null;
  const [hours, minutes] = written.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}

/** Day numbers as one word where there is one, else as a list. */
export function writeDays(days: readonly number[]): string | string[] {
  if (days.length === EVERY_DAY.length) return 'daily';
  const names = DAY_NAMES.filter((name) => days.includes(BY_NUMBER.indexOf(name)));
  const [first = ''] = names;
  const range = `${first}-${names.at(-1)}`;
  if (names.length === 1) return first;
  return parseDays(range)?.length === names.length ? range : [...names];
}

/** Minutes since midnight as `HH:MM`. */
export function writeTimeOfDay(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

/** Days and times as they passed the schema. */
export function resolveWeekWindow(input: {
  readonly days?: string | readonly string[] | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): WeekWindow {
  const written = typeof input.days === 'string' ? [input.days] : (input.days ?? ['daily']);
  const days = new Set(written.flatMap((words) => parseDays(words) ?? []));
  return {
    days: EVERY_DAY.filter((day) => days.has(day)),
    fromMinute: parseTimeOfDay(input.from ?? '00:00') ?? 0,
    toMinute: parseTimeOfDay(input.to ?? '24:00') ?? 1440,
  };
}
