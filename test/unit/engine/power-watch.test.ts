import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readSupplies, runsOnBattery, watchPower, type PowerSupply } from '../../../src/engine/power-watch.ts';
import { tempDir } from '../../support/temp-dir.ts';

const supply = (facts: Partial<PowerSupply>): PowerSupply => ({
  type: null,
  scope: null,
  online: null,
  status: null,
  ...facts,
});
const battery = (status: string, more: Partial<PowerSupply> = {}) => supply({ type: 'Battery', status, ...more });
const mains = (online: string) => supply({ type: 'Mains', online });

describe('whether the machine runs on its battery', () => {
  it.each([
    ['a desktop without one', [], false],
    ['a desktop with a power supply', [mains('1')], false],
    ['a laptop unplugged', [mains('0'), battery('Discharging')], true],
    ['a laptop plugged in and full', [mains('1'), battery('Full')], false],
    ['a laptop plugged in whose charger is too weak', [mains('1'), battery('Discharging')], false],
    ['a laptop on a USB-C charger', [supply({ type: 'USB', online: '1' }), battery('Charging')], false],
    ['a desktop with a mouse that has a battery', [battery('Discharging', { scope: 'Device' })], false],
    ['a machine behind a UPS that has taken over', [supply({ type: 'UPS', status: 'Discharging' })], true],
    ['two batteries, one resting', [mains('0'), battery('Not charging'), battery('Discharging')], true],
    ['what says nothing', [supply({})], false],
  ])('%s', (_name, supplies, expected) => {
    expect(runsOnBattery(supplies)).toBe(expected);
  });

  it('reads what the kernel shows, and nothing where there is none', () => {
    const dir = tempDir();
    const write = (name: string, facts: Readonly<Record<string, string>>) => {
      mkdirSync(join(dir, name));
      for (const [file, text] of Object.entries(facts)) writeFileSync(join(dir, name, file), `${text}\n`);
    };
    write('AC', { type: 'Mains', online: '0' });
    write('BAT0', { type: 'Battery', status: 'Discharging' });
    expect(readSupplies(dir)).toEqual([mains('0'), battery('Discharging')]);
    expect(runsOnBattery(readSupplies(dir))).toBe(true);
    expect(readSupplies(join(dir, 'none'))).toEqual([]);
  });
});

describe('the watch', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('tells what holds at once, then each change once', () => {
    let supplies = [mains('1')];
    const told: boolean[] = [];
    const stop = watchPower(
      (onBattery) => told.push(onBattery),
      () => supplies,
    );
    expect(told).toEqual([false]);
    supplies = [mains('0'), battery('Discharging')];
    vi.advanceTimersByTime(30_000);
    expect(told).toEqual([false, true]);
    stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
