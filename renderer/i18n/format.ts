/** Numbers, sizes and times as the reader's language writes them. */
export interface Format {
  count(value: number): string;
  bytes(value: number): string;
  speed(bytesPerSecond: number): string;
  /** 0 to 1; whole percent, and 100 only when it is 1. */
  percent(fraction: number): string;
  /** A rough length of time: the largest unit, for hours also minutes. */
  duration(seconds: number): string;
  /** Time of day; with the date when it is not today. */
  clock(iso: string, nowMs: number): string;
  dateTime(iso: string): string;
  /** "2 minutes ago". */
  ago(iso: string, nowMs: number): string;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

function sizeParts(bytes: number): { value: number; unit: (typeof UNITS)[number] } {
  let value = bytes;
  let index = 0;
  // 999.5 would be written as 1,000 of the smaller unit.
  while (value >= 999.5 && index < UNITS.length - 1) {
    value /= 1000;
    index += 1;
  }
  return { value, unit: UNITS[index] ?? 'byte' };
}

export function createFormat(locale: string): Format {
  const cache = new Map<string, Intl.NumberFormat>();
  function withUnit(value: number, unit: string, digits: number): string {
    const key = `${unit}/${digits}`;
    let format = cache.get(key);
    if (format === undefined) {
      format = new Intl.NumberFormat(locale, {
        style: 'unit',
        unit,
        unitDisplay: unit === 'byte' ? 'long' : 'short',
        maximumFractionDigits: digits,
      });
      cache.set(key, format);
    }
    return format.format(value);
  }
  const number = new Intl.NumberFormat(locale);
  const percentage = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
  const dayAndTime = new Intl.DateTimeFormat(locale, {
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });

  function sized(bytes: number, suffix: string): string {
    const { value, unit } = sizeParts(Math.max(0, bytes));
    return withUnit(value, `${unit}${suffix}`, unit === 'byte' || value >= 100 ? 0 : 1);
  }

  return {
    count: (value) => number.format(value),
    bytes: (value) => sized(value, ''),
    speed: (value) => sized(Math.max(1000, value), '-per-second'),
    percent: (fraction) => percentage.format(fraction >= 1 ? 1 : Math.min(0.99, Math.floor(fraction * 100) / 100)),
    duration(seconds) {
      const whole = Math.max(1, Math.round(seconds));
      if (whole < 60) return withUnit(whole, 'second', 0);
      const minutes = Math.round(whole / 60);
      if (minutes < 60) return withUnit(minutes, 'minute', 0);
      const hours = Math.floor(minutes / 60);
      if (hours >= 48) return withUnit(Math.round(hours / 24), 'day', 0);
      const rest = minutes % 60;
      return rest === 0 ? withUnit(hours, 'hour', 0) : `${withUnit(hours, 'hour', 0)} ${withUnit(rest, 'minute', 0)}`;
    },
    clock(iso, nowMs) {
      const at = new Date(iso);
      return at.toDateString() === new Date(nowMs).toDateString() ? time.format(at) : dayAndTime.format(at);
    },
    dateTime: (iso) => full.format(new Date(iso)),
    ago(iso, nowMs) {
      const seconds = Math.round((Date.parse(iso) - nowMs) / 1000);
      const size = Math.abs(seconds);
      if (size < 60) return relative.format(Math.min(0, seconds), 'second');
      if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
      if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
      return relative.format(Math.round(seconds / 86_400), 'day');
    },
  };
}
