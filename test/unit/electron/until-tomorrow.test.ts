import { expect, test } from 'vitest';
import { untilTomorrowMs } from '../../../src/core/until-tomorrow.ts';

const hourMs = 3_600_000;

function endOf(now: Date): Date {
  return new Date(now.getTime() + untilTomorrowMs(now));
}

test('in the evening: the next six in the morning', () => {
  expect(endOf(new Date(2026, 4, 10, 18, 30))).toEqual(new Date(2026, 4, 11, 6));
});
test('after midnight: the coming six in the morning', () => {
  expect(endOf(new Date(2026, 4, 11, 1, 15))).toEqual(new Date(2026, 4, 11, 6));
});
test('at six sharp: a whole day', () => {
  expect(endOf(new Date(2026, 4, 11, 6))).toEqual(new Date(2026, 4, 12, 6));
});
test('over the end of a year', () => {
  expect(endOf(new Date(2026, 11, 31, 23, 59))).toEqual(new Date(2027, 0, 1, 6));
});
test('never nothing, never more than a day and the hour that the clock may be set back', () => {
  for (let hour = 0; hour < 24 * 366; hour += 1) {
    const length = untilTomorrowMs(new Date(2026, 0, 1, hour, 59, 59));
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThanOrEqual(25 * hourMs);
  }
});
