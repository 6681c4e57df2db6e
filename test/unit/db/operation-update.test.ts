import { describe, expect, it, vi } from 'vitest';
import { openInMemory } from '../../../src/db/connection.ts';
import { FOREVER } from '../../../src/db/stored-operation.ts';
import { lease, makeOutbox, must, queueUpload, reread } from '../../support/outbox.ts';

describe('what a step writes', () => {
  it('is what it changes: what another hand set since the row was seen stays', () => {
    const outbox = makeOutbox();
    const { operations } = outbox.repos;
    const seen = queueUpload(outbox, 'a');
    must(operations.amend(seen, { heldUntil: FOREVER }));
    must(operations.amend(seen, { memo: { step: 1 } }));
    expect(reread(outbox, seen)).toMatchObject({ heldUntil: FOREVER, memo: { step: 1 } });
  });

  it('is all that its caller names, also where that looks like what was seen', () => {
    const outbox = makeOutbox();
    const { operations } = outbox.repos;
    const running = lease(outbox, queueUpload(outbox, 'a'));
    operations.setBytesDone(running, 70);
    must(operations.amend(running, { bytesDone: 0 }));
    expect(reread(outbox, running).bytesDone).toBe(0);
  });

  it('P8: takes the lease and the wish to end away with the state, also a wish that came after the look', () => {
    const outbox = makeOutbox();
    const { operations } = outbox.repos;
    const running = lease(outbox, queueUpload(outbox, 'a'));
    must(operations.amend(running, { ending: 'superseded' }));
    must(operations.transition(running, 'succeed'));
    expect(reread(outbox, running)).toMatchObject({ state: 'succeeded', ending: null, leaseEpoch: null });
  });

  it('what an insert gives back is the row', () => {
    const outbox = makeOutbox();
    const made = queueUpload(outbox, 'a', { contentType: 'text/plain', idempotencyScope: 's', idempotencyKey: 'k' });
    expect(reread(outbox, made)).toEqual(made);
  });

  it('what a transition gives back is the row', () => {
    const outbox = makeOutbox();
    const running = lease(outbox, queueUpload(outbox, 'a'));
    expect(reread(outbox, running)).toEqual(running);
    const done = must(outbox.repos.operations.transition(running, 'succeed', { attempts: 1 }));
    expect(reread(outbox, done)).toEqual(done);
  });

  it('takes one statement for each kind of step, however many operations there are', () => {
    const db = openInMemory();
    const outbox = makeOutbox({ db });
    const finish = (path: string) => {
      must(outbox.repos.operations.transition(lease(outbox, queueUpload(outbox, path)), 'succeed', { attempts: 1 }));
    };
    finish('a');
    const prepare = vi.spyOn(db, 'prepare');
    for (let index = 0; index < 50; index += 1) finish(`b${index}`);
    expect(prepare).not.toHaveBeenCalled();
  });
});
