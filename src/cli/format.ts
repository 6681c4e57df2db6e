/** Sizes, times and durations for people. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `0 B`, `3.2 MiB`, `120 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.95 would round to "1024.0": the next unit says it better.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `less than 1 s`, `42 s`, `3 min`, `1 h 5 min`, `2 d 3 h`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < SECOND) return 'less than 1 s';
  if (durationMs < MINUTE) return `${Math.round(durationMs / SECOND)} s`;
  if (durationMs < HOUR) return `${Math.round(durationMs / MINUTE)} min`;
  if (durationMs < DAY) return pair(durationMs, HOUR, 'h', MINUTE, 'min');
  return pair(durationMs, DAY, 'd', HOUR, 'h');
}

function pair(durationMs: number, large: number, largeName: string, small: number, smallName: string): string {
  const inSmall = Math.round(durationMs / small);
  const perLarge = large / small;
  const rest = inSmall % perLarge;
  const head = `${Math.floor(inSmall / perLarge)} ${largeName}`;
  return rest === 0 ? head : `${head} ${rest} ${smallName}`;
}

/** `just now`, `4 min ago`, `in 30 s`; beyond a day the local date and time. */
export function formatRelative(iso: string, nowMs: number): string {
  const distanceMs = Date.parse(iso) - nowMs;
  if (Math.abs(distanceMs) >= DAY) return formatLocalTime(iso);
  if (Math.abs(distanceMs) < SECOND) return 'just now';
  return distanceMs < 0 ? `${formatDuration(-distanceMs)} ago` : `in ${formatDuration(distanceMs)}`;
}

/** `2026-07-01 14:03:22` in this machine's time zone. */
export function formatLocalTime(iso: string): string {
  const date = new Date(iso);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${formatClock(iso)}`;
}

/** Sentences of the engine hold times as it tells them to programs: in UTC, to the second. */
export function withLocalTimes(sentence: string): string {
  return sentence.replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, formatLocalTime);
}

/** The last one: many lines of a stream fall into one second, and the time zone is looked up for each. */
let lastClock = { second: '', text: '' };

/** `14:03:22` in this machine's time zone. */
export function formatClock(iso: string): string {
  const second = iso.slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
  if (second !== lastClock.second || !iso.endsWith('Z')) {
    const date = new Date(iso);
    lastClock = { second, text: [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':') };
  }
  return lastClock.text;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** How a pause ends: `until 14:30:00`, `until you resume`. */
export function formatUntil(until: string): string {
  return until === 'forever' ? 'until you resume' : `until ${formatLocalTime(until)}`;
}

/** `1 file`, `3 files`. */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? singular : plural}`;
}
