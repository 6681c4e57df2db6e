import type { StoredOperation } from '../../src/db/stored-operation.ts';
import { DEFAULT_RETRY_POLICY } from '../../src/resilience/retry-policy.ts';
import { GateKeeper, type LaneInfo } from '../../src/sync/gate-keeper.ts';
import type { LeaseBudget } from '../../src/sync/leasing.ts';
import type { Attempt, Outcome } from '../../src/sync/outcome.ts';
import { Scheduler } from '../../src/sync/scheduler.ts';
import { ManualClock } from './manual-clock.ts';
import { makeOutbox } from './outbox.ts';

const MIB = 2 ** 20;

export interface Started {
  readonly operation: StoredOperation;
  readonly attempt: Attempt;
  readonly end: (outcome: Outcome) => void;
}

export const DONE: Outcome = { kind: 'succeeded', change: {}, details: {} };

/** A scheduler over a real outbox, whose attempts a test ends as it likes. They obey when they are told to stop. */
export function makeSchedulerRig(
  options: {
    readonly clock?: ManualClock;
    readonly budget?: LeaseBudget;
    /** What becomes of an attempt that obeys nobody; null: it obeys. */
    readonly hangs?: (operation: StoredOperation) => Promise<Outcome> | null;
  } = {},
) {
  const clock = options.clock ?? new ManualClock();
  const outbox = makeOutbox({ clock });
  const gates = new GateKeeper(clock, outbox.random);
  const budget = options.budget ?? { small: 4, ahead: 0, large: 2, largeAboveBytes: MIB };
  const running: Started[] = [];
  const order: string[] = [];
  const lane = (name: string): LaneInfo => ({
    lane: name,
    service: name.startsWith('folder:') ? 'dest:main' : name,
    pauseScopes: ['all', name],
    loopback: false,
    gate: null,
  });
  const run = (operation: StoredOperation, attempt: Attempt) =>
    options.hangs?.(operation) ??
    new Promise<Outcome>((resolve) => {
      order.push(operation.path ?? operation.target);
      const started: Started = {
        operation,
        attempt,
        end: (outcome) => {
          running.splice(running.indexOf(started), 1);
          resolve(outcome);
        },
      };
      running.push(started);
      attempt.signal.addEventListener('abort', () => {
        started.end({ kind: 'stopped' });
      });
    });
  const fatal: unknown[] = [];
  const scheduler = new Scheduler({
    ...outbox,
    gates,
    epoch: 1,
    executors: { 'file.upload': { run }, 'file.delete': { run }, 'api.call': { run } },
    lane,
    retryPolicy: () => DEFAULT_RETRY_POLICY,
    leases: () => budget,
    onProgress: () => undefined,
    onSettled: () => undefined,
    onFatal: (error) => fatal.push(error),
  });
  /** Whatever was asked for happens. */
  const settle = async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.runDeferred();
    }
  };
  const look = async () => {
    scheduler.wake();
    await settle();
  };
  return { ...outbox, clock, gates, scheduler, running, order, fatal, settle, look, lane };
}

export type SchedulerRig = ReturnType<typeof makeSchedulerRig>;
