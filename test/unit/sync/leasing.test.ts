import { describe, expect, it, vi } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import { folderLane } from '../../../src/sync/specs.ts';
import { bringTo, queueUpload } from '../../support/outbox.ts';
import { DONE, makeSchedulerRig, type SchedulerRig } from '../../support/scheduler-rig.ts';

const MIB = 2 ** 20;
const MINUTE_MS = 60_000;

const paths = (rig: SchedulerRig) => rig.running.map(({ operation }) => operation.path ?? '');

function queueMany(rig: SchedulerRig, count: number, name: string, patch: Parameters<typeof queueUpload>[2] = {}) {
  for (let each = 0; each < count; each += 1) queueUpload(rig, `${name}-${each}`, patch);
}

/** All that runs succeeds; then the next look. */
async function finishAll(rig: SchedulerRig): Promise<void> {
  for (const { end } of rig.running.slice()) end(DONE);
  await rig.look();
}

describe('P8: the order of work in a lane', () => {
  it('is by priority, then by age', async () => {
    const rig = makeSchedulerRig({ budget: { small: 2, ahead: 0, large: 1, largeAboveBytes: MIB } });
    for (const priority of ['low', 'normal', 'high', 'critical'] as const) {
      queueMany(rig, 2, priority, { priority });
    }
    await rig.look();
    while (rig.running.length > 0) await finishAll(rig);
    expect(rig.order).toEqual([
      'critical-0',
      'critical-1',
      'high-0',
      'high-1',
      'normal-0',
      'normal-1',
      'low-0',
      'low-1',
    ]);
  });

  it('puts a retry that is due before what is new, but not before what is critical', async () => {
    const rig = makeSchedulerRig({ budget: { small: 1, ahead: 0, large: 1, largeAboveBytes: MIB } });
    bringTo(rig, queueUpload(rig, 'retry'), 'waiting');
    queueUpload(rig, 'new', { priority: 'high' });
    queueUpload(rig, 'urgent', { priority: 'critical' });
    rig.clock.advance(2000);
    await rig.look();
    while (rig.running.length > 0) await finishAll(rig);
    expect(rig.order).toEqual(['urgent', 'retry', 'new']);
  });

  it('starves nothing: what waited ten minutes has its turn although more important work never ends', async () => {
    const rig = makeSchedulerRig();
    queueUpload(rig, 'patient', { priority: 'low' });
    let startedAfterMs: number | null = null;
    const began = rig.clock.now();
    for (let round = 0; round < 40 && startedAfterMs === null; round += 1) {
      queueMany(rig, 8, `urgent-${round}`, { priority: 'high' });
      await rig.look();
      if (paths(rig).includes('patient')) startedAfterMs = rig.clock.now() - began;
      rig.clock.advance(MINUTE_MS);
      await finishAll(rig);
    }
    expect(startedAfterMs).toBeGreaterThanOrEqual(10 * MINUTE_MS);
    expect(startedAfterMs).toBeLessThanOrEqual(13 * MINUTE_MS);
  });

  it('gives one lease in eight to the aged, and no more', async () => {
    const rig = makeSchedulerRig();
    queueMany(rig, 40, 'old', { priority: 'low' });
    rig.clock.advance(20 * MINUTE_MS);
    queueMany(rig, 400, 'new', { priority: 'high' });
    await rig.look();
    for (let round = 0; round < 39; round += 1) await finishAll(rig);
    const old = rig.order.filter((path) => path.startsWith('old')).length;
    expect(rig.order.length).toBeGreaterThan(150);
    expect(old / rig.order.length).toBeGreaterThan(0.1);
    expect(old / rig.order.length).toBeLessThan(0.15);
  });
});

describe('large and small files of one lane', () => {
  const large = { bytesTotal: 10 * MIB };

  it('have room of their own: a large file never takes all, nor do many', async () => {
    const rig = makeSchedulerRig({ budget: { small: 4, ahead: 0, large: 2, largeAboveBytes: MIB } });
    queueMany(rig, 50, 'large', large);
    queueMany(rig, 10, 'small');
    await rig.look();
    expect(paths(rig)).toEqual(['large-0', 'large-1', 'small-0', 'small-1', 'small-2', 'small-3']);
    for (const { operation, end } of rig.running.slice()) if (operation.bytesTotal === 100) end(DONE);
    await rig.look();
    expect(paths(rig)).toEqual(['large-0', 'large-1', 'small-4', 'small-5', 'small-6', 'small-7']);
  });

  it('large ones do not overtake: they have their turn when they come to the head', async () => {
    const rig = makeSchedulerRig({ budget: { small: 2, ahead: 0, large: 2, largeAboveBytes: MIB } });
    queueMany(rig, 20, 'small');
    queueMany(rig, 3, 'large', large);
    await rig.look();
    expect(paths(rig).filter((path) => path.startsWith('large'))).toEqual([]);
    for (let round = 0; round < 12; round += 1) {
      for (const { operation, end } of rig.running.slice()) if (operation.bytesTotal === 100) end(DONE);
      await rig.look();
    }
    expect(paths(rig)).toEqual(['large-0', 'large-1']);
  });
});

describe('leasing ahead', () => {
  it('stands ready where operations are done fast, and holds few where they are not', async () => {
    const rig = makeSchedulerRig({ budget: { small: 8, ahead: 24, large: 1, largeAboveBytes: MIB } });
    queueMany(rig, 1000, 'a');
    await rig.look();
    expect(rig.running).toHaveLength(12);
    for (let round = 0; round < 3; round += 1) await finishAll(rig);
    expect(rig.running, 'all that were leased are done from look to look').toHaveLength(32);
    for (let round = 0; round < 100; round += 1) {
      rig.running[0]?.end(DONE);
      await rig.look();
    }
    expect(rig.running.length, 'one at a time').toBeLessThanOrEqual(14);
  });

  it('rests after a look that took long, so that the next one settles many', async () => {
    const rig = makeSchedulerRig({ budget: { small: 4, ahead: 0, large: 1, largeAboveBytes: MIB } });
    queueMany(rig, 100, 'a');
    await rig.look();
    const { clock, repos } = rig;
    // A commit that waits 5 ms for the disk.
    const transaction = repos.transaction.bind(repos);
    repos.transaction = (work) => {
      const result = transaction(work);
      clock.advance(5);
      return result;
    };
    rig.running[0]?.end(DONE);
    await rig.settle();
    const starts = rig.order.length;
    rig.running[0]?.end(DONE);
    rig.running[0]?.end(DONE);
    await rig.settle();
    expect(rig.order.length, 'it rests').toBe(starts);
    clock.advance(20);
    await rig.settle();
    expect(rig.order.length).toBe(starts + 2);
    // Nothing has to wait when nothing went on before.
    clock.advance(1000);
    rig.running[0]?.end(DONE);
    await rig.settle();
    expect(rig.order.length).toBe(starts + 3);
  });
});

describe('P10: folders of one destination', () => {
  const other = (count: number, name: string, rig: SchedulerRig) =>
    queueMany(rig, count, name, { lane: folderLane('other'), folder: 'other' });

  it('share its budget evenly, and the one with more to do takes what the other leaves', async () => {
    const rig = makeSchedulerRig({ budget: { small: 6, ahead: 0, large: 2, largeAboveBytes: MIB } });
    queueMany(rig, 100, 'a');
    other(9, 'b', rig);
    await rig.look();
    const count = (name: string) => paths(rig).filter((path) => path.startsWith(name)).length;
    expect([count('a'), count('b')]).toEqual([3, 3]);
    for (let round = 0; round < 2; round += 1) {
      await finishAll(rig);
      expect([count('a'), count('b')]).toEqual([3, 3]);
    }
    await finishAll(rig);
    expect([count('a'), count('b')]).toEqual([6, 0]);
  });

  it('a folder that has filled the budget makes room for another at once', async () => {
    const rig = makeSchedulerRig({ budget: { small: 6, ahead: 0, large: 2, largeAboveBytes: MIB } });
    queueMany(rig, 100, 'a');
    await rig.look();
    expect(rig.running).toHaveLength(6);
    other(1, 'b', rig);
    await rig.look();
    expect(paths(rig)).toContain('b-0');
  });

  it('a folder whose items all wait for others does not hold back the budget', async () => {
    const rig = makeSchedulerRig({ budget: { small: 6, ahead: 0, large: 2, largeAboveBytes: MIB } });
    queueMany(rig, 100, 'a');
    bringTo(rig, queueUpload(rig, 'later', { lane: folderLane('other'), folder: 'other' }), 'waiting');
    await rig.look();
    expect(rig.running).toHaveLength(6);
    await finishAll(rig);
    expect(rig.running).toHaveLength(6);
  });
});

describe('P10: a look that could not be committed', () => {
  it('leaves no probe behind that nobody runs: the service is tried again when there is room', async () => {
    const rig = makeSchedulerRig();
    queueUpload(rig, 'a.txt');
    rig.gates.failedToReach('dest:main', new LongshoreError('net.connect-timeout', {}));
    rig.clock.advance(2 * MINUTE_MS);
    const transaction = rig.repos.transaction.bind(rig.repos);
    vi.spyOn(rig.repos, 'transaction').mockImplementationOnce((work) =>
      transaction(() => {
        work();
        throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL', name: 'SqliteError' });
      }),
    );
    await rig.look();
    expect({ full: rig.gates.diskFull, running: paths(rig) }).toEqual({ full: true, running: [] });
    rig.gates.setDiskFull(false);
    rig.clock.advance(2 * MINUTE_MS);
    await rig.look();
    expect(paths(rig)).toEqual(['a.txt']);
  });
});

describe('working hours', () => {
  /** The clock begins at noon of a Sunday, UTC; local time of the machine that runs the test is what counts. */
  function officeHours(rig: SchedulerRig, lengthMinutes: number): void {
    const now = new Date(rig.clock.now());
    const fromMinute = now.getHours() * 60 + now.getMinutes();
    rig.gates.setRules({
      workingHours: [{ days: [now.getDay()], fromMinute, toMinute: (fromMinute + lengthMinutes) % 1440 }],
      pauseOnBattery: false,
      pauseOnMetered: false,
      minFreeDiskBytes: 0,
    });
  }

  it('P9: transfers stop at their checkpoint when they end, calls go on; a week later work goes on by itself', async () => {
    const rig = makeSchedulerRig();
    officeHours(rig, 30);
    queueUpload(rig, 'file');
    queueUpload(rig, 'call', {
      kind: 'api.call',
      lane: 'provider:crm',
      folder: null,
      destination: null,
      resourceKeys: [],
    });
    await rig.look();
    expect(paths(rig)).toEqual(expect.arrayContaining(['file', 'call']));
    rig.clock.advance(30 * MINUTE_MS - 1);
    await rig.settle();
    expect(rig.running).toHaveLength(2);
    rig.clock.advance(1);
    await rig.settle();
    expect(paths(rig)).toEqual(['call']);
    expect(rig.repos.queue.totals()).toMatchObject({ pending: 1, running: 1 });
    expect(rig.gates.gateOf(rig.lane('folder:drop'))).toBe('schedule-closed');
    expect(rig.gates.gateOf(rig.lane('provider:crm'))).toBeNull();
    await finishAll(rig);
    rig.clock.advance(7 * 24 * 60 * MINUTE_MS - 30 * MINUTE_MS - 1);
    await rig.settle();
    expect(paths(rig)).toEqual([]);
    rig.clock.advance(1);
    await rig.settle();
    expect(paths(rig)).toEqual(['file']);
  });
});
