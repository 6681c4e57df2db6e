import { describe, expect, it } from 'vitest';
import type { LongshoreConfig } from '../../../src/config/config-types.ts';
import { onlyLimitsDiffer } from '../../../src/engine/limits-change.ts';
import { deskConfig } from '../../support/desk.ts';

const config = deskConfig();
const main = config.destinations['main']!;
const withMain = (patch: Partial<typeof main>): LongshoreConfig => ({
  ...config,
  destinations: { ...config.destinations, main: { ...main, ...patch } },
});
const always = { days: [1], fromMinute: 0, toMinute: 1440 };

describe('a change of the configuration is live', () => {
  it.each<[string, LongshoreConfig]>([
    ['nothing', deskConfig()],
    ['bandwidth', { ...config, limits: { ...config.limits, uploadKiBps: 64 } }],
    ['schedule', { ...config, limits: { ...config.limits, schedule: [{ ...always, uploadKiBps: 1 }] } }],
    ['working hours', { ...config, limits: { ...config.limits, workingHours: [always] } }],
    ['disk', { ...config, limits: { ...config.limits, minFreeDiskBytes: 1 } }],
    ['battery', { ...config, network: { ...config.network, pauseOnBattery: true } }],
    ['bandwidth of a destination', withMain({ limits: { ...main.limits, uploadKiBps: 64 } })],
    ['transfers of a destination', withMain({ limits: { ...main.limits, concurrency: 3 } })],
  ])('when it is of limits alone: %s', (_what, after) => {
    expect(onlyLimitsDiffer(config, after)).toBe(true);
  });

  it.each<[string, LongshoreConfig]>([
    ['device', { ...config, device: 'other' }],
    ['folders', { ...config, folders: config.folders.slice(1) }],
    ['endpoint', withMain({ endpoint: 'http://127.0.0.1:9001' })],
    ['part size', withMain({ partSizeBytes: 1 })],
    ['parts at once', withMain({ limits: { ...main.limits, partConcurrency: 2 } })],
    ['proxy', { ...config, network: { ...config.network, proxy: { kind: 'none' } } }],
    ['destination', { ...config, destinations: { main } }],
  ])('not when it is of anything else: %s', (_what, after) => {
    expect(onlyLimitsDiffer(config, after)).toBe(false);
  });
});
