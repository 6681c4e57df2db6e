import { describe, expect, it } from 'vitest';
import { DEFAULT_RETRY_POLICY } from '../../../src/resilience/retry-policy.ts';
import { GateKeeper, type LaneInfo } from '../../../src/sync/gate-keeper.ts';
import type { Outcome } from '../../../src/sync/outcome.ts';
import { Scheduler } from '../../../src/sync/scheduler.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { makeOutbox, queueUpload } from '../../support/outbox.ts';

const SUCCESS: Outcome = { kind: 'succeeded', change: {}, details: {} };
const RUNNING = 120;

/** While it is slow a look takes five milliseconds, so that a rest follows it. */
class SlowClock extends ManualClock {
  isSlow = true;

  override monotonicMs(): number {
    if (this.isSlow) this.advance(5);
    return super.monotonicMs();
  }
}

function busyScheduler() {
  const clock = new SlowClock();
  const outbox = makeOutbox({ clock });
  const ends: ((outcome: Outcome) => void)[] = [];
  const settled: number[] = [];
  const lane = (name: string): LaneInfo => ({
    lane: name,
    service: 'dest:main',
    pauseScopes: ['all'],
    loopback: false,
    gate: null,
  });
  const scheduler = new Scheduler({
    ...outbox,
    gates: new GateKeeper(clock, outbox.random),
    epoch: 1,
    executors: {
      'file.upload': {
        run: () => {
          clock.isSlow = false;
          return new Promise((resolve) => ends.push(resolve));
        },
      },
    },
    lane,
    retryPolicy: () => DEFAULT_RETRY_POLICY,
    leases: () => ({ small: RUNNING, ahead: 0, large: 1, largeAboveBytes: Number.MAX_SAFE_INTEGER }),
    onProgress: () => undefined,
    onSettled: (operations) => settled.push(...operations.map(({ seq }) => seq)),
    onFatal: (error) => {
      throw error;
    },
  });
  for (let index = 0; index < RUNNING; index += 1) queueUpload(outbox, `${index}.txt`);
  scheduler.wake();
  clock.runDeferred();
  const end = async (count: number) => {
    for (const resolve of ends.splice(0, count)) resolve(SUCCESS);
    await new Promise((resolve) => void setImmediate(resolve));
    clock.runDeferred();
  };
  return { clock, ends, settled, end };
}

describe('the rest after a look', () => {
  it('ends early when half of all that runs has ended, so that what follows them stands ready', async () => {
    const rig = busyScheduler();
    expect(rig.ends).toHaveLength(RUNNING);
    await rig.end(RUNNING - 40);
    expect(rig.settled).toHaveLength(RUNNING - 40);
  });

  it('lasts while few have ended, so that a commit settles many', async () => {
    const rig = busyScheduler();
    await rig.end(10);
    expect(rig.settled).toEqual([]);
    await rig.end(10);
    expect(rig.settled).toEqual([]);
    rig.clock.advance(30);
    expect(rig.settled).toHaveLength(20);
  });
});
