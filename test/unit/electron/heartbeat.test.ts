import { expect, test } from 'vitest';
import { judgePulse, type Pulse } from '../../../electron/heartbeat.ts';

const pulse: Pulse = { nowMs: 100_000, lastTickAtMs: 95_000, startedAtMs: 0, lastHeardAtMs: 95_000, askedAtMs: null };

test('an engine that talks is left alone', () => expect(judgePulse(pulse)).toBe('fine'));
test('a silent one is asked once', () => {
  expect(judgePulse({ ...pulse, lastHeardAtMs: 90_000 })).toBe('ask');
  expect(judgePulse({ ...pulse, lastHeardAtMs: 85_000, askedAtMs: 95_000 })).toBe('fine');
});
test('one that answers nothing for 30 s is gone', () => {
  expect(judgePulse({ ...pulse, lastHeardAtMs: 70_001, askedAtMs: 80_000 })).toBe('fine');
  expect(judgePulse({ ...pulse, lastHeardAtMs: 70_000, askedAtMs: 80_000 })).toBe('gone');
});
test('silence that nobody asked about is no proof', () => {
  expect(judgePulse({ ...pulse, lastHeardAtMs: 0, askedAtMs: null })).toBe('ask');
});
test('a late tick excuses everything: this process slept too', () => {
  expect(judgePulse({ ...pulse, lastTickAtMs: 80_000, lastHeardAtMs: 1, askedAtMs: 2 })).toBe('excuse');
});
test('a start has two minutes', () => {
  expect(judgePulse({ ...pulse, lastHeardAtMs: null })).toBe('fine');
  expect(judgePulse({ ...pulse, lastHeardAtMs: null, startedAtMs: -20_001 })).toBe('gone');
});
