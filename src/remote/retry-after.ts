import type { EpochMs } from '../core/ports.ts';

/**
 * Reads a `Retry-After` header (RFC 9110 section 10.2.3): whole seconds or an HTTP date.
 * Returns ms from `now`, never negative; undefined when there is none or it can't be read.
 */
export function parseRetryAfterMs(header: string | undefined, now: EpochMs): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Date.parse takes much that is no HTTP date ("5.5", "-1"); all three HTTP forms start with the name of a day.
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
