import type { Language } from './language.ts';

/** How a storage's clock differs from this computer's; `seconds` > 0: it is ahead. */
export function skewWords(seconds: number, { m, f }: Language): string {
  const size = f.duration(Math.abs(seconds));
  return seconds > 0 ? m.folders.clockAhead(size) : m.folders.clockBehind(size);
}
