import { expect, test } from 'vitest';
import { decideAfterDeath, restartDelayMs, type EngineDeath } from '../../../electron/restart-policy.ts';

const death: EngineDeath = { exitCode: 9, wasRunning: true, gaveReason: false, uptimeMs: 5_000, deathsBefore: 0 };

test('delays double from 250 ms to 30 s and stay there', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 1000].map(restartDelayMs)).toEqual([
    250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
  ]);
});
test('the first death is answered at once', () => {
  expect(decideAfterDeath(death)).toEqual({ reason: 'died', state: 'restarting', delayMs: 250, deaths: 1 });
});
test('deaths in a row add up, and people are told in the end while it goes on trying', () => {
  const decisions = [0, 1, 4, 5, 40].map((deathsBefore) => decideAfterDeath({ ...death, deathsBefore }));
  expect(decisions.map(({ state, delayMs }) => `${state} ${delayMs}`)).toEqual([
    'restarting 250',
    'restarting 500',
    'restarting 4000',
    'failed 8000',
    'failed 30000',
  ]);
});
test('a minute of health is forgiven', () => {
  expect(decideAfterDeath({ ...death, deathsBefore: 20, uptimeMs: 60_000 })).toMatchObject({ deaths: 1, delayMs: 250 });
  expect(decideAfterDeath({ ...death, deathsBefore: 20, uptimeMs: 59_999 })).toMatchObject({ deaths: 21 });
});
test('a lock that another engine holds is asked for gently, and counts as no death', () => {
  expect(decideAfterDeath({ ...death, exitCode: 5, wasRunning: false, gaveReason: true, deathsBefore: 3 })).toEqual({
    reason: 'lock-held',
    state: 'failed',
    delayMs: 5_000,
    deaths: 0,
  });
});
test('an invalid configuration waits for a change', () => {
  expect(decideAfterDeath({ ...death, exitCode: 2, wasRunning: false, gaveReason: true })).toEqual({
    reason: 'config-invalid',
    state: 'failed',
    delayMs: null,
    deaths: 0,
  });
});
test('SIGINT and SIGTRAP, which look like 2 and 5, are deaths', () => {
  for (const exitCode of [2, 5]) {
    expect(decideAfterDeath({ ...death, exitCode, wasRunning: true, gaveReason: true }).reason).toBe('died');
    expect(decideAfterDeath({ ...death, exitCode, wasRunning: false, gaveReason: false }).reason).toBe('died');
  }
});
