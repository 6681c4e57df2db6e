import { describe, expect, it } from 'vitest';
import { WeekSchedule, windowHolds, type LocalTimeOf, type WeekWindow } from '../../../src/resilience/week-window.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** What a clock on the wall shows in this time zone, from the system's own tables. */
function timeIn(timeZone: string): LocalTimeOf {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  });
  return (at) => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
    return { day: DAYS.indexOf(parts['weekday'] ?? ''), minute: Number(parts['hour']) * 60 + Number(parts['minute']) };
  };
}

const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];
const WORKDAYS = [1, 2, 3, 4, 5];
const window = (days: readonly number[], from: number, to: number): WeekWindow => ({
  days,
  fromMinute: from * 60,
  toMinute: to * 60,
});
const utc = timeIn('UTC');
const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

describe('a window of the week', () => {
  it.each([
    [window(WORKDAYS, 9, 18), { day: 1, minute: 540 }, true],
    [window(WORKDAYS, 9, 18), { day: 1, minute: 539 }, false],
    [window(WORKDAYS, 9, 18), { day: 1, minute: 1079 }, true],
    [window(WORKDAYS, 9, 18), { day: 1, minute: 1080 }, false],
    [window(WORKDAYS, 9, 18), { day: 6, minute: 600 }, false],
    // Over midnight it belongs to the day on which it began: from Friday night into Saturday, not into Monday.
    [window(WORKDAYS, 22, 6), { day: 5, minute: 1439 }, true],
    [window(WORKDAYS, 22, 6), { day: 6, minute: 359 }, true],
    [window(WORKDAYS, 22, 6), { day: 6, minute: 360 }, false],
    [window(WORKDAYS, 22, 6), { day: 1, minute: 100 }, false],
    [window([6], 22, 6), { day: 0, minute: 100 }, true],
    [window(EVERY_DAY, 0, 24), { day: 3, minute: 1439 }, true],
  ])('%j at %j: %s', (each, at, holds) => {
    expect(windowHolds(each, at)).toBe(holds);
  });
});

describe('a schedule', () => {
  // 2026-03-02 is a Monday.
  const monday = (hours: number, minutes = 0) => Date.UTC(2026, 2, 2, hours, minutes);

  it('takes the first window that holds, and tells when that changes', () => {
    const night = { ...window(EVERY_DAY, 20, 8), name: 'night' };
    const noon = { ...window([1], 7, 13), name: 'noon' };
    const schedule = new WeekSchedule([night, noon], utc);
    expect(schedule.windowAt(monday(7))).toBe(night);
    expect(iso(schedule.nextChange(monday(7)))).toBe('2026-03-02T08:00:00.000Z');
    expect(schedule.windowAt(monday(8))).toBe(noon);
    expect(iso(schedule.nextChange(monday(8)))).toBe('2026-03-02T13:00:00.000Z');
    expect(schedule.windowAt(monday(13))).toBeNull();
    expect(iso(schedule.nextHolding(monday(13, 30)))).toBe('2026-03-02T20:00:00.000Z');
    expect(schedule.nextHolding(monday(21))).toBe(monday(21));
  });

  it('without a change in the coming week has none', () => {
    const always = new WeekSchedule([window(EVERY_DAY, 0, 24)], utc);
    expect([always.windowAt(monday(3)), always.nextChange(monday(3))]).toEqual([always.windows[0], null]);
    const never = new WeekSchedule([], utc);
    expect([never.windowAt(monday(3)), never.nextChange(monday(3)), never.nextHolding(monday(3))]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('is right again after the clock was set back', () => {
    const schedule = new WeekSchedule([window(EVERY_DAY, 9, 18)], utc);
    expect(schedule.windowAt(monday(12))).not.toBeNull();
    expect(schedule.windowAt(monday(5))).toBeNull();
    expect(iso(schedule.nextChange(monday(5)))).toBe('2026-03-02T09:00:00.000Z');
    expect(schedule.windowAt(monday(12))).not.toBeNull();
  });

  it('goes by the clock on the wall when the clocks change', () => {
    // Berlin: on 2026-03-29 the hour from 2:00 is left out, on 2026-10-25 the hour from 2:00 comes twice.
    const berlin = timeIn('Europe/Berlin');
    const early = new WeekSchedule([window([0], 1, 4)], berlin);
    const spring = Date.UTC(2026, 2, 28, 12);
    expect(iso(early.nextChange(spring))).toBe('2026-03-29T00:00:00.000Z');
    expect(iso(early.nextChange(early.nextChange(spring)!)), 'two hours long').toBe('2026-03-29T02:00:00.000Z');
    const autumn = Date.UTC(2026, 9, 24, 12);
    expect(iso(early.nextChange(autumn))).toBe('2026-10-24T23:00:00.000Z');
    expect(iso(early.nextChange(early.nextChange(autumn)!)), 'four hours long').toBe('2026-10-25T03:00:00.000Z');
    const lost = new WeekSchedule([{ days: [0], fromMinute: 130, toMinute: 160 }], berlin);
    expect(iso(lost.nextHolding(spring)), 'the hour that is left out never comes').toBe('2026-04-05T00:10:00.000Z');
    const twice = [Date.UTC(2026, 9, 25, 0, 10), Date.UTC(2026, 9, 25, 1, 10)];
    expect(twice.map((at) => lost.windowAt(at) !== null)).toEqual([true, true]);
    expect(iso(lost.nextChange(Date.UTC(2026, 9, 25, 0, 45)))).toBe('2026-10-25T01:10:00.000Z');
  });

  it('works in zones with odd offsets', () => {
    const schedule = new WeekSchedule([window(EVERY_DAY, 9, 18)], timeIn('Asia/Kathmandu'));
    expect(iso(schedule.nextChange(monday(0)))).toBe('2026-03-02T03:15:00.000Z');
  });
});
