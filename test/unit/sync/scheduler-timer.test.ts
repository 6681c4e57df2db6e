import { describe, expect, it } from 'vitest';
import type { EpochMs } from '../../../src/core/ports.ts';
import { DEFAULT_RETRY_POLICY } from '../../../src/resilience/retry-policy.ts';
import { GateKeeper, type LaneInfo } from '../../../src/sync/gate-keeper.ts';
import { Scheduler } from '../../../src/sync/scheduler.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { makeOutbox, queueUpload } from '../../support/outbox.ts';

/** Time passes while the code runs: a millisecond with each look at the clock. */
class TickingClock extends ManualClock {
  override now(): EpochMs {
    this.jump(1);
    return super.now();
  }
}

function makeScheduler() {
  const clock = new TickingClock();
  const outbox = makeOutbox({ clock });
  const gates = new GateKeeper(clock, outbox.random);
  const started: number[] = [];
  const lane = (name: string): LaneInfo => ({
    lane: name,
    service: 'dest:main',
    pauseScopes: ['all'],
    loopback: false,
    gate: null,
  });
  const scheduler = new Scheduler({
    ...outbox,
    gates,
    epoch: 1,
    executors: {
      'file.upload': {
        run: (operation) => {
          started.push(operation.seq);
          return new Promise(() => undefined);
        },
      },
    },
    lane,
    retryPolicy: () => DEFAULT_RETRY_POLICY,
    leases: () => ({ small: 4, ahead: 0, large: 1, largeAboveBytes: Number.MAX_SAFE_INTEGER }),
    onProgress: () => undefined,
    onSettled: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
  const look = () => {
    scheduler.wake();
    clock.runDeferred();
  };
  return { ...outbox, clock, gates, started, look };
}

/** Whatever comes due in the very milliseconds of a look must not be slept over. */
describe('a scheduler whose look takes time', () => {
  const offsetsMs = Array.from({ length: 40 }, (_, offset) => offset);

  it.each(offsetsMs)('starts a retry that is due %i ms after the look began, or sets a timer for it', (offset) => {
    const rig = makeScheduler();
    const queued = queueUpload(rig, 'a.txt');
    const leased = rig.repos.operations.transition(queued, 'lease', { leaseEpoch: 1, leaseAttempt: 1 })!;
    const waiting = rig.repos.operations.transition(leased, 'retry-later', {
      dueAt: rig.clock.now() + 1000,
      attempts: 1,
    })!;
    rig.clock.jump(waiting.dueAt! - rig.clock.now() - offset);
    rig.look();
    expect(rig.started.length + rig.clock.armed).toBeGreaterThan(0);
  });

  it.each(offsetsMs)('goes on after a pause that ends %i ms after the look began', (offset) => {
    const rig = makeScheduler();
    queueUpload(rig, 'a.txt');
    const until = rig.clock.now() + 1000;
    rig.gates.setPauses([{ scope: 'all', until }]);
    rig.clock.jump(until - rig.clock.now() - offset);
    rig.look();
    expect(rig.started.length + rig.clock.armed).toBeGreaterThan(0);
  });
});
