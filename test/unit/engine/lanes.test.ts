import { describe, expect, it } from 'vitest';
import { isLoopback, Lanes } from '../../../src/engine/lanes.ts';
import { DEFAULT_RETRY_POLICY } from '../../../src/resilience/retry-policy.ts';
import { deskConfig } from '../../support/desk.ts';
import { makeOutbox, queueUpload } from '../../support/outbox.ts';

const MIB = 2 ** 20;
const config = deskConfig();
const lanes = new Lanes(config, () => null);

describe('P10: a lane', () => {
  it('of a folder works against its destination', () => {
    expect(lanes.info('folder:drop')).toEqual({
      lane: 'folder:drop',
      service: 'dest:main',
      pauseScopes: ['all', 'folder:drop'],
      loopback: true,
      gate: null,
    });
    expect(lanes.info('folder:far')).toMatchObject({ service: 'dest:far', loopback: false });
  });

  it('of a provider, and of an origin, works against it alone', () => {
    expect(lanes.info('provider:crm')).toMatchObject({ service: 'provider:crm', loopback: false, gate: null });
    expect(lanes.info('provider:local')).toMatchObject({ loopback: true });
    expect(lanes.info('origin:http://127.0.0.1:80')).toMatchObject({ loopback: true, pauseScopes: ['all'] });
    expect(lanes.info('origin:https://a.example.com')).toMatchObject({ loopback: false });
  });

  it('that the configuration has no longer is gated, not forgotten', () => {
    expect(lanes.info('folder:gone')).toMatchObject({ gate: 'not-configured', pauseScopes: ['all', 'folder:gone'] });
    expect(lanes.info('provider:gone')).toMatchObject({ gate: 'not-configured' });
  });

  it('of a folder’s deletes is like the folder’s, but for the mass delete that shuts it alone', () => {
    const asking = new Lanes(config, (_folder, deletes) => (deletes ? 'mass-delete' : null));
    expect(asking.info('deletes:drop')).toEqual({
      ...asking.info('folder:drop'),
      lane: 'deletes:drop',
      gate: 'mass-delete',
    });
    expect(asking.info('folder:drop')).toMatchObject({ gate: null, pauseScopes: ['all', 'folder:drop'] });
    expect(asking.info('deletes:gone').gate).toBe('not-configured');
  });

  it('of a folder in trouble, or paused in the configuration, says so', () => {
    const frozen = new Lanes(config, (folder) => (folder === 'drop' ? 'folder-frozen' : null));
    expect(frozen.info('folder:drop').gate).toBe('folder-frozen');
    expect(frozen.info('folder:far').gate).toBeNull();
    const folders = config.folders.map((folder) => ({ ...folder, paused: folder.name === 'far' }));
    const paused = new Lanes({ ...config, folders }, () => null);
    expect([paused.info('folder:drop').gate, paused.info('folder:far').gate]).toEqual([null, 'paused']);
  });

  it('feels its way between 1 and 32 where nothing is configured, else begins with what is', () => {
    const { main, far } = config.destinations;
    expect(lanes.poolRules(main!)).toMatchObject({ bounds: { min: 1, max: 32 }, start: undefined });
    expect(lanes.poolRules(far!)).toMatchObject({ bounds: { min: 1, max: 3 }, start: 3 });
  });

  it('keeps the memory of parts within a bound, whatever their size and however many destinations there are', () => {
    const main = config.destinations['main']!;
    const mostBulk = (partSizeBytes: number) => lanes.poolRules({ ...main, partSizeBytes }).mostBulk;
    expect(mostBulk(8 * MIB)).toBe(12);
    expect(mostBulk(64 * MIB)).toBe(1);
    expect(mostBulk(5 * 1024 * MIB)).toBe(1);
    const alone = new Lanes({ ...config, destinations: { main } }, () => null);
    expect(alone.poolRules({ ...main, partSizeBytes: 8 * MIB }).mostBulk).toBe(24);
  });

  it('leases small files ahead of the transfers that may run, and few large ones', () => {
    const pool = { limit: 32, bulkLimit: 24 };
    const { partSizeBytes } = config.destinations['main']!;
    expect(lanes.leases('folder:drop', () => pool)).toEqual({
      small: 32,
      ahead: 256,
      large: 4,
      largeAboveBytes: partSizeBytes,
    });
    expect(lanes.leases('deletes:drop', () => pool)).toEqual(lanes.leases('folder:drop', () => pool));
    expect(lanes.leases('folder:drop', () => ({ limit: 1, bulkLimit: 1 }))).toMatchObject({
      small: 1,
      ahead: 256,
      large: 2,
    });
    const limited = new Lanes({ ...config, limits: { ...config.limits, concurrency: 2 } }, () => null);
    for (const lane of ['provider:crm', 'folder:gone', 'origin:https://a.example.com'])
      expect(
        limited.leases(lane, () => pool),
        lane,
      ).toMatchObject({ small: 2 });
  });

  it('never sends more parts of a file at once than the destination takes', () => {
    const main = config.destinations['main']!;
    const parts = (concurrency: 'auto' | number, partConcurrency: 'auto' | number) =>
      lanes.partConcurrency({ ...main, limits: { ...main.limits, concurrency, partConcurrency } });
    expect(parts(2, 16)).toBe(2);
    expect(parts(16, 5)).toBe(5);
    expect(parts('auto', 'auto')).toBe(8);
  });

  it('retries by the rules of its destination or provider', () => {
    const outbox = makeOutbox();
    const policy = (patch: Parameters<typeof queueUpload>[2]) => lanes.retryPolicy(queueUpload(outbox, 'a', patch));
    expect(policy({ destination: null, provider: 'crm' }).maxAttempts).toBe(2);
    expect(policy({ destination: 'main' })).toEqual(config.destinations['main']?.retry);
    expect(policy({ destination: 'gone' })).toEqual(DEFAULT_RETRY_POLICY);
    expect(policy({ destination: null })).toEqual(DEFAULT_RETRY_POLICY);
  });
});

describe('isLoopback', () => {
  it.each(['http://127.0.0.1:9000', 'http://127.8.8.8', 'http://localhost/x', 'http://[::1]:9000'])('%s', (url) => {
    expect(isLoopback(url)).toBe(true);
  });

  it.each(['http://128.0.0.1', 'http://localhost.example.com', 'http://127.0.0.1.example.com', 'not a url', ''])(
    'not %s',
    (url) => {
      expect(isLoopback(url)).toBe(false);
    },
  );
});
