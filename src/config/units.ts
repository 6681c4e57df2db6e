/** How durations and sizes are written in the configuration and on the command line. */

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

export const DURATION_PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
export const SHARE_PATTERN = /^(?:100|\d{1,2}(?:\.\d+)?)%$/;
export const SIZE_PATTERN = /^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)$/;

/** `500ms`, `30s`, `30m`, `2h`, `1.5d` in whole milliseconds; null for anything else or beyond 2^53. */
export function parseDurationMs(text: string): number | null {
  const match = DURATION_PATTERN.exec(text);
  if (match === null) return null;
  return wholeOrNull(Number(match[1]) * (DURATION_MS[match[2] ?? ''] ?? Number.NaN));
}

/** A number of bytes, or `10MiB`, `1.5 GiB`, `500KB` (decimal) in whole bytes; null for anything else or beyond 2^53. */
export function parseSizeBytes(size: string | number): number | null {
  if (typeof size === 'number') return Number.isSafeInteger(size) && size >= 0 ? size : null;
  const match = SIZE_PATTERN.exec(size);
  if (match === null) return null;
  return wholeOrNull(Number(match[1]) * (SIZE_BYTES[match[2] ?? ''] ?? Number.NaN));
}

/** `20%` as 0.2; null for anything but 0% to 100%. */
export function parseShare(text: string): number | null {
  return SHARE_PATTERN.test(text) ? Number(text.slice(0, -1)) / 100 : null;
}

/** Whole milliseconds in the largest unit that says them exactly: `90s`, `5m`. */
export function writeDuration(ms: number): string {
  return inLargestUnit(ms, ['d', 'h', 'm', 's'], DURATION_MS, 'ms');
}

/** Whole bytes in the largest unit that says them exactly: `200MiB`. */
export function writeSize(bytes: number): string {
  return inLargestUnit(bytes, ['TiB', 'GiB', 'MiB', 'KiB'], SIZE_BYTES, 'B');
}

/** 0.2 as `20%`. */
export function writeShare(share: number): string {
  // 0.07 * 100 is a little more than 7.
  return `${Number((share * 100).toPrecision(12))}%`;
}

function inLargestUnit(
  value: number,
  units: readonly string[],
  sizes: Readonly<Record<string, number>>,
  least: string,
) {
  const unit = value === 0 ? undefined : units.find((name) => value % (sizes[name] ?? Number.NaN) === 0);
  return unit === undefined ? `${value}${least}` : `${value / (sizes[unit] ?? 1)}${unit}`;
}

function wholeOrNull(value: number): number | null {
  const whole = Math.round(value);
  return Number.isSafeInteger(whole) ? whole : null;
}
