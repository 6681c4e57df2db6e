import { describe, expect, it } from 'vitest';
import { lookAtLane, Watchdog, type Alarm } from '../../../src/sync/watchdog.ts';
import { FOREVER } from '../../../src/db/stored-operation.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { queueUpload } from '../../support/outbox.ts';
import { DONE, makeSchedulerRig, type SchedulerRig } from '../../support/scheduler-rig.ts';

const MINUTE_MS = 60_000;

/** A clock that forgets what it was asked to call: the wake-up that a bug loses. */
class ForgetfulClock extends ManualClock {
  forgets = false;
  override defer(callback: () => void): void {
    if (!this.forgets) super.defer(callback);
  }
}

function watched(clock = new ManualClock()) {
  const rig = makeSchedulerRig({ clock });
  const alarms: Alarm[] = [];
  const fatal: unknown[] = [];
  const queued = new Set<string>();
  const watchdog = new Watchdog({
    clock,
    lanes: () => rig.repos.claims.lanes(),
    startable: (lane) => rig.scheduler.startable(lane),
    running: () => rig.scheduler.running(),
    isQueued: (operation) => queued.has(operation.id),
    stallLimitMs: () => 30_000,
    rouse: () => {
      rig.scheduler.rouse();
    },
    giveUp: (operation) => {
      rig.scheduler.giveUp(operation.seq);
    },
    onAlarm: (alarm) => alarms.push(alarm),
    onFatal: (error) => fatal.push(error),
  });
  watchdog.start();
  return { ...rig, watchdog, alarms, watchdogFatal: fatal, queued };
}

async function pass(rig: SchedulerRig, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10_000) {
    rig.clock.advance(10_000);
    await rig.settle();
  }
}

describe('P8: the watchdog', () => {
  it('wakes a queue that sleeps because a wake-up was lost, and says so', async () => {
    const clock = new ForgetfulClock();
    const rig = watched(clock);
    clock.forgets = true;
    const operation = queueUpload(rig, 'a');
    rig.scheduler.wake();
    clock.forgets = false;
    // The scheduler believes that it was asked already: nothing wakes it any more.
    await rig.look();
    await pass(rig, MINUTE_MS);
    expect(rig.running).toHaveLength(0);
    await pass(rig, 20_000);
    expect(rig.running).toHaveLength(1);
    expect(rig.alarms.map((alarm) => alarm.operation.id)).toEqual([operation.id]);
    expect(rig.watchdog.alarms()).toHaveLength(1);
    clock.advance(2 * 60 * MINUTE_MS);
    expect(rig.watchdog.alarms()).toEqual([]);
  });

  it('wakes a queue whose timer was lost', async () => {
    const rig = watched();
    await rig.look();
    const operation = queueUpload(rig, 'a');
    const leased = rig.repos.operations.transition(operation, 'lease', { leaseEpoch: 1, leaseAttempt: 1 })!;
    rig.repos.operations.transition(leased, 'retry-later', { attempts: 1, dueAt: rig.clock.now() + 30_000 });
    // Nobody told the scheduler: it has no timer for it.
    await pass(rig, 80_000);
    expect(rig.running).toHaveLength(0);
    await pass(rig, 20_000);
    expect(rig.running).toHaveLength(1);
    expect(rig.alarms).toHaveLength(1);
  });

  it('is silent as long as there is a reason: a gate, a full lane, a hold, a time that has not come', async () => {
    const rig = watched();
    rig.gates.setPauses([{ scope: 'all', until: FOREVER }]);
    queueUpload(rig, 'paused');
    await rig.look();
    await pass(rig, 10 * MINUTE_MS);
    rig.gates.setPauses([]);
    await rig.look();
    expect(rig.running).toHaveLength(1);
    for (let each = 0; each < 20; each += 1) queueUpload(rig, `more-${each}`);
    await rig.look();
    expect(rig.running).toHaveLength(4);
    const held = queueUpload(rig, 'held', { priority: 'critical' });
    rig.repos.operations.amend(held, { heldUntil: FOREVER });
    await pass(rig, 10 * MINUTE_MS);
    expect(rig.alarms).toEqual([]);
    expect(rig.watchdogFatal).toEqual([]);
  });

  it('ends the attempt at a file that stands still far beyond its limit, and it is tried again', async () => {
    const rig = watched();
    const operation = queueUpload(rig, 'a');
    await rig.look();
    await pass(rig, 10 * MINUTE_MS);
    rig.running[0]?.attempt.progress(10, 5);
    await pass(rig, 14 * MINUTE_MS);
    expect(rig.alarms).toEqual([]);
    await pass(rig, 2 * MINUTE_MS);
    expect(rig.alarms).toHaveLength(1);
    const stored = rig.repos.operations.byId(operation.id);
    expect(stored).toMatchObject({ attempts: 1, error: { code: 'internal.timeout' } });
    expect(['waiting', 'running']).toContain(stored?.state);
    await pass(rig, MINUTE_MS);
    expect(rig.running).toHaveLength(1);
    rig.running[0]?.end(DONE);
    await rig.look();
    expect(rig.repos.operations.byId(operation.id)?.state).toBe('succeeded');
  });

  it('leaves alone what waits for its turn to transfer, and calls', async () => {
    const rig = watched();
    rig.queued.add(queueUpload(rig, 'a').id);
    queueUpload(rig, 'call', {
      kind: 'api.call',
      lane: 'provider:crm',
      folder: null,
      destination: null,
      resourceKeys: [],
    });
    await rig.look();
    await pass(rig, 50 * MINUTE_MS);
    expect(rig.running).toHaveLength(2);
    expect(rig.alarms).toEqual([]);
  });

  it('stops with the engine, and leaves no timer', () => {
    const rig = watched();
    rig.watchdog.stop();
    expect(rig.clock.armed).toBe(0);
  });

  it('counts from when an operation could start first, look after look', () => {
    const first = lookAtLane(null, 7, 1000);
    expect(first).toEqual({ seq: 7, sinceMs: 1000 });
    expect(lookAtLane(first, 7, 9000)).toBe(first);
    expect(lookAtLane(first, 8, 9000)).toEqual({ seq: 8, sinceMs: 9000 });
    expect(lookAtLane(first, null, 9000)).toBeNull();
  });
});
