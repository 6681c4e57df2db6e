import { describe, expect, it } from 'vitest';
import { AssertionFailed } from '../../../src/core/assert.ts';
import type { Outcome } from '../../../src/sync/outcome.ts';
import { DONE, makeSchedulerRig } from '../../support/scheduler-rig.ts';
import { queueUpload } from '../../support/outbox.ts';

/** A scheduler with one attempt that no signal reaches, as in an open() on a network drive that is dead. */
async function withOneThatHangs() {
  const hanging = Promise.withResolvers<Outcome>();
  const rig = makeSchedulerRig({ hangs: ({ path }) => (path === 'hangs.txt' ? hanging.promise : null) });
  const operation = queueUpload(rig, 'hangs.txt');
  await rig.look();
  const shutdown = () => {
    let ended = false;
    const end = rig.scheduler.shutdown().finally(() => {
      ended = true;
    });
    return { end, hasEnded: () => ended };
  };
  return { ...rig, hanging, operation, shutdown };
}

describe('P10: the end of a scheduler', () => {
  it('comes at once where all that runs obeys', async () => {
    const rig = makeSchedulerRig();
    const operation = queueUpload(rig, 'a.txt');
    await rig.look();
    await rig.scheduler.shutdown();
    expect(rig.repos.operations.byId(operation.id)?.state).toBe('pending');
    expect(rig.clock.armed).toBe(0);
  });

  it('leaves what hangs behind within four seconds; nobody died, it goes on at the next start', async () => {
    const { clock, repos, operation, settle, shutdown } = await withOneThatHangs();
    const { end, hasEnded } = shutdown();
    clock.advance(3999);
    await settle();
    expect(hasEnded()).toBe(false);
    clock.advance(1);
    await end;
    expect(repos.operations.byId(operation.id)).toMatchObject({ state: 'pending', deaths: 0, leaseEpoch: null });
    expect(clock.armed).toBe(0);
  });

  it.each([
    ['an outcome', (hanging: PromiseWithResolvers<Outcome>) => hanging.resolve(DONE)],
    ['a failure', (hanging: PromiseWithResolvers<Outcome>) => hanging.reject(new Error('late'))],
    ['a bug', (hanging: PromiseWithResolvers<Outcome>) => hanging.reject(new AssertionFailed('late'))],
  ])('drops what comes after it: %s', async (_title, tell) => {
    const { clock, fatal, hanging, operation, repos, scheduler, settle, shutdown } = await withOneThatHangs();
    const { end } = shutdown();
    clock.advance(4000);
    await end;
    tell(hanging);
    await settle();
    expect(repos.operations.byId(operation.id)?.state).toBe('pending');
    expect(scheduler.runningCount()).toBe(0);
    expect(fatal).toEqual([]);
  });
});
