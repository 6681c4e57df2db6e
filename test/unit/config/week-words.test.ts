import { describe, expect, it } from 'vitest';

import { parseDays, parseTimeOfDay, resolveWeekWindow } from '../../../src/config/week-words.ts';

describe('days and times as people write them', () => {
  it.each([
    ['daily', [0, 1, 2, 3, 4, 5, 6]],
    ['sun', [0]],
    ['mon-fri', [1, 2, 3, 4, 5]],
    ['fri-mon', [0, 1, 5, 6]],
    ['sat-sun', [0, 6]],
    ['tue-tue', [2]],
    ['Mon', null],
    ['monday', null],
    ['mon-', null],
    ['-fri', null],
    ['mon-wed-fri', null],
    ['daily-mon', null],
    ['', null],
  ])('days: %s', (written, days) => {
    expect(parseDays(written)).toEqual(days);
  });

  it.each([
    ['00:00', 0],
    ['9:05', 545],
    ['23:59', 1439],
    ['24:00', 1440],
    ['24:01', null],
    ['25:00', null],
    ['12:60', null],
    ['12', null],
    ['12:5', null],
    ['-1:00', null],
  ])('time: %s', (written, minute) => {
    expect(parseTimeOfDay(written)).toBe(minute);
  });

  it('lists each day once, in order', () => {
    expect(resolveWeekWindow({ days: ['fri', 'mon-wed', 'tue'], to: '00:00' })).toEqual({
      days: [1, 2, 3, 5],
      fromMinute: 0,
      toMinute: 0,
    });
  });
});
