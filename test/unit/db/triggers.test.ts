import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTerminal, nextState, STATE_EVENTS, STATES, type StateEvent } from '../../../src/core/states.ts';
import { errorOfCode } from '../../../src/sync/settle.ts';
import {
  bringTo,
  eventTypes,
  fingerprint,
  lease,
  makeOutbox,
  must,
  partOf,
  queueUpload,
  SOME_PLACE,
  uploadOf,
  type Outbox,
} from '../../support/outbox.ts';

/** What a step of a random walk does to the operation that it picks. */
const anyStep = fc.record({
  pick: fc.nat(),
  event: fc.constantFrom(...STATE_EVENTS),
  bytes: fc.integer({ min: 0, max: 1000 }),
  kind: fc.constantFrom('queue' as const, 'step' as const, 'bytes' as const, 'total' as const),
});

function take(outbox: Outbox, step: { pick: number; event: StateEvent; bytes: number; kind: string }, seqs: number[]) {
  const { operations } = outbox.repos;
  if (step.kind === 'queue' || seqs.length === 0) {
    const lane = `folder:${step.pick % 3}`;
    const made = queueUpload(outbox, `f${step.pick % 5}`, {
      lane,
      bytesTotal: step.bytes % 2 === 0 ? null : step.bytes,
    });
    seqs.push(made.seq);
    return;
  }
  const operation = must(operations.bySeq(must(seqs[step.pick % seqs.length])));
  if (step.kind === 'bytes') operations.setBytesDone(operation, step.bytes);
  else if (step.kind === 'total') operations.amend(operation, { bytesTotal: step.bytes });
  else if (nextState(operation.state, step.event) !== null) {
    const busy = outbox.db
      .prepare('SELECT 1 FROM operation_keys WHERE resource_key = ? AND active = 1 AND operation_seq <> ?')
      .get(operation.resourceKey, operation.seq);
    if (busy !== undefined && (step.event === 'lease' || step.event === 'compensate')) return;
    operations.transition(operation, step.event, {
      leaseEpoch: 1,
      leaseAttempt: operation.leaseAttempt + 1,
      dueAt: step.bytes,
      error: errorOfCode('s3.server-error'),
      bytesDone: step.bytes,
    });
  }
}

describe('kept numbers', () => {
  it('equal a recount after any sequence of steps', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 1, maxLength: 60 }), (steps) => {
        const outbox = makeOutbox();
        const seqs: number[] = [];
        for (const step of steps) take(outbox, step, seqs);
        const recount = outbox.db
          .prepare(
            `SELECT lane, state, count(*) AS operations, coalesce(sum(bytes_total), 0) AS bytesTotal, sum(bytes_done) AS bytesDone
             FROM operations GROUP BY lane, state ORDER BY lane, state`,
          )
          .all();
        const kept = outbox.repos.queue.counts().toSorted((a, b) => (a.lane + a.state < b.lane + b.state ? -1 : 1));
        expect(kept).toEqual(recount);
        const held = outbox.db
          .prepare(
            `SELECT count(*) FROM operation_keys k JOIN operations o ON o.seq = k.operation_seq
             WHERE k.held <> (o.state NOT IN ('failed','succeeded','cancelled','superseded'))
                OR k.active <> (o.state IN ('running','compensating'))`,
          )
          .pluck()
          .get();
        expect(held).toBe(0);
        outbox.db.close();
      }),
      { numRuns: 60 },
    );
  });

  it('count down when rows are deleted', () => {
    const outbox = makeOutbox();
    bringTo(outbox, queueUpload(outbox, 'a'), 'succeeded');
    outbox.db.exec('DELETE FROM operations');
    expect(outbox.repos.queue.counts()).toEqual([]);
    expect(outbox.db.prepare('SELECT count(*) FROM operation_keys').pluck().get()).toBe(0);
  });

  it('say how many files a folder has', () => {
    const outbox = makeOutbox();
    const { files, folders } = outbox.repos;
    folders.ensure('drop', '/drop');
    const count = () => folders.get('drop')?.files;
    const file = {
      folder: 'drop',
      dir: '',
      name: 'a',
      key: 'drop/a',
      fingerprint: fingerprint(1),
      sizeBytes: 1,
      mtimeMs: 1,
      base: null,
      checksum: null,
      operation: null,
    };
    files.put(file);
    files.put({ ...file, name: 'b' });
    files.put({ ...file, name: 'never', fingerprint: null });
    expect(count()).toBe(2);
    files.put({ ...file, fingerprint: fingerprint(2) });
    expect(count()).toBe(2);
    files.put({ ...file, fingerprint: null });
    files.put({ ...file, fingerprint: null });
    expect(count()).toBe(1);
    files.put({ ...file, name: 'never' });
    expect(count()).toBe(2);
    outbox.db.exec('DELETE FROM files');
    expect(count()).toBe(0);
  });
});

describe('P7: an upload that its operation leaves behind', () => {
  const endings = STATES.filter((state) => isTerminal(state) || state === 'conflict');

  it.each(endings)('is handed to cleanup when the operation becomes %s', (state) => {
    const outbox = makeOutbox();
    const { uploads, cleanups } = outbox.repos;
    const operation = queueUpload(outbox, 'a');
    uploads.insert(uploadOf(operation));
    uploads.addPart(operation.id, partOf(1));
    outbox.clock.advance(5000);
    bringTo(outbox, operation, state);
    const now = outbox.clock.now();
    expect(cleanups.due('main', now, 10)).toEqual([
      {
        id: 1,
        kind: 'abort-upload',
        destination: 'main',
        place: SOME_PLACE,
        key: 'drop/a',
        uploadId: 'upload-1',
        etag: null,
        intentAt: operation.createdAt,
        endedAt: now,
        attempts: 0,
        dueAt: now,
      },
    ]);
    expect(uploads.get(operation.id)).toBeNull();
    expect(outbox.db.prepare('SELECT count(*) FROM parts').pluck().get()).toBe(0);
  });

  it('is handed over although its id never came back: key and time tell which it is', () => {
    const outbox = makeOutbox();
    const operation = queueUpload(outbox, 'a');
    outbox.repos.uploads.insert(uploadOf(operation, { uploadId: null }));
    bringTo(outbox, operation, 'cancelled');
    expect(outbox.repos.cleanups.due('main', outbox.clock.now(), 10)).toMatchObject([
      { uploadId: null, key: 'drop/a' },
    ]);
  });

  it('is no litter when the executor completed it: it removes the row before', () => {
    const outbox = makeOutbox();
    const operation = lease(outbox, queueUpload(outbox, 'a'));
    outbox.repos.uploads.insert(uploadOf(operation));
    outbox.repos.transaction(() => {
      outbox.repos.uploads.remove(operation.id);
      outbox.repos.operations.transition(operation, 'succeed');
    });
    expect(outbox.repos.cleanups.count()).toBe(0);
  });

  it.each(['running', 'waiting', 'failed', 'pending'] as const)('stays to be resumed while it is %s', (state) => {
    const outbox = makeOutbox();
    const operation = queueUpload(outbox, 'a');
    outbox.repos.uploads.insert(uploadOf(operation));
    outbox.repos.uploads.addPart(operation.id, partOf(1));
    bringTo(outbox, operation, state);
    expect(outbox.repos.cleanups.count()).toBe(0);
    expect(outbox.repos.uploads.parts(operation.id)).toHaveLength(1);
  });

  it('comes back with the operation when the transaction does not commit', () => {
    const outbox = makeOutbox();
    const operation = queueUpload(outbox, 'a');
    outbox.repos.uploads.insert(uploadOf(operation));
    expect(() =>
      outbox.repos.transaction(() => {
        outbox.repos.operations.transition(operation, 'cancel');
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(outbox.repos.uploads.get(operation.id)).not.toBeNull();
    expect(outbox.repos.cleanups.count()).toBe(0);
    expect(eventTypes(outbox, operation)).toEqual(['queued']);
  });

  it('is handed over by hand too, when the executor gives it up and goes on', () => {
    const outbox = makeOutbox();
    const operation = lease(outbox, queueUpload(outbox, 'a'));
    outbox.repos.uploads.insert(uploadOf(operation));
    outbox.repos.uploads.abandon(operation.id, 77);
    expect(outbox.repos.cleanups.due('main', 77, 10)).toMatchObject([
      { uploadId: 'upload-1', place: SOME_PLACE, endedAt: 77 },
    ]);
    expect(outbox.repos.uploads.get(operation.id)).toBeNull();
  });
});
