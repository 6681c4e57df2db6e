/** "Tomorrow" begins when people do: at six in the morning, local time. */
const startOfDayHour = 6;

/**
 * Milliseconds from `now` to the next 06:00 of the local clock on another day than this; after midnight and before six,
 * the coming six o'clock is meant, for whoever is still up has not begun the new day. Right over changes of the clock,
 * too.
 */
export function untilTomorrowMs(now: Date): number {
  const next = new Date(now);
  next.setHours(startOfDayHour, 0, 0, 0);
  if (next <= now) next.setDate(next.getDate() + 1);
  return next.getTime() - now.getTime();
}
