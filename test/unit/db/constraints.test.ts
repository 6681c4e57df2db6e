import { describe, expect, it } from 'vitest';
import { STATES } from '../../../src/core/states.ts';
import { bringTo, lease, makeOutbox, partOf, queueUpload, uploadOf, type Outbox } from '../../support/outbox.ts';

/** Writes past the repositories, as a bug would. */
function force(outbox: Outbox, sql: string, ...values: unknown[]): () => void {
  return () => {
    outbox.db.prepare(sql).run(...values);
  };
}

function set(outbox: Outbox, assignment: string, where: string): () => void {
  return force(outbox, `UPDATE operations SET ${assignment} WHERE ${where}`);
}

describe('the schema', () => {
  it('holds typed tables only', () => {
    const { db } = makeOutbox();
    const tables = db.pragma('table_list') as { name: string; type: string; strict: number }[];
    const loose = tables.filter(
      ({ name, type, strict }) => type === 'table' && strict === 0 && !name.startsWith('sqlite_'),
    );
    expect(loose).toEqual([]);
  });

  it('refuses a running operation without a lease, and a lease without a runner', () => {
    const outbox = makeOutbox();
    const { id } = queueUpload(outbox, 'a');
    expect(set(outbox, "state = 'running'", `id = '${id}'`)).toThrow(/CHECK/);
    expect(set(outbox, 'lease_epoch = 1', `id = '${id}'`)).toThrow(/CHECK/);
    expect(set(outbox, "state = 'running', lease_epoch = 1", `id = '${id}'`)).not.toThrow();
  });

  it('refuses to wait for no time', () => {
    const outbox = makeOutbox();
    queueUpload(outbox, 'a');
    expect(set(outbox, "state = 'waiting'", 'true')).toThrow(/CHECK/);
    expect(set(outbox, "state = 'waiting', due_at = 5", 'true')).not.toThrow();
  });

  it.each(['succeeded', 'cancelled', 'superseded'])('refuses %s without the time of its end', (state) => {
    const outbox = makeOutbox();
    queueUpload(outbox, 'a');
    expect(set(outbox, `state = '${state}'`, 'true')).toThrow(/CHECK/);
    expect(set(outbox, `state = '${state}', completed_at = 5`, 'true')).not.toThrow();
  });

  it('refuses an end for what has not ended', () => {
    const outbox = makeOutbox();
    queueUpload(outbox, 'a');
    expect(set(outbox, 'completed_at = 5', 'true')).toThrow(/CHECK/);
  });

  it.each(['failed', 'conflict'])('P11: refuses %s without a reason', (state) => {
    const outbox = makeOutbox();
    queueUpload(outbox, 'a');
    expect(set(outbox, `state = '${state}'`, 'true')).toThrow(/CHECK/);
    expect(set(outbox, `state = '${state}', error = '{}'`, 'true')).not.toThrow();
  });

  it('refuses an ending of what does not run', () => {
    const outbox = makeOutbox();
    queueUpload(outbox, 'a');
    expect(set(outbox, "ending = 'cancelled'", 'true')).toThrow(/CHECK/);
  });

  it.each([
    ['an unknown state', "state = 'asleep'"],
    ['an unknown kind', "kind = 'file.copy'"],
    ['a priority beyond the four', 'priority = 4'],
    ['a spec that is no JSON', "spec = '{'"],
    ['a memo that is no JSON', "memo = 'x'"],
    ['negative bytes', 'bytes_done = -1'],
    ['a negative total', 'bytes_total = -1'],
    ['negative attempts', 'attempts = -1'],
    ['negative deaths', 'deaths = -1'],
    ['a third answer to "verified?"', 'verified = 2'],
    ['text where a number belongs', "due_at = 'soon'"],
  ])('refuses %s', (_what, assignment) => {
    const outbox = makeOutbox();
    queueUpload(outbox, 'a');
    expect(set(outbox, assignment, 'true')).toThrow(/CHECK|cannot store/);
  });

  it('refuses a second operation with the same id, and the same idempotency key twice in one scope', () => {
    const outbox = makeOutbox();
    const first = queueUpload(outbox, 'a', { idempotencyScope: 'calls', idempotencyKey: 'k' });
    expect(() => queueUpload(outbox, 'b', { id: first.id })).toThrow(/UNIQUE/);
    expect(() => queueUpload(outbox, 'b', { idempotencyScope: 'calls', idempotencyKey: 'k' })).toThrow(/UNIQUE/);
    expect(() => queueUpload(outbox, 'b', { idempotencyScope: 'other', idempotencyKey: 'k' })).not.toThrow();
  });

  it('P8: lets one operation run on a resource, whatever the code believes', () => {
    const outbox = makeOutbox();
    const first = queueUpload(outbox, 'a');
    const second = queueUpload(outbox, 'a');
    lease(outbox, first);
    expect(() => lease(outbox, second)).toThrow(/UNIQUE/);
    expect(outbox.repos.operations.bySeq(second.seq)?.state).toBe('pending');
  });

  it('P8: counts the second resource of an operation too', () => {
    const outbox = makeOutbox();
    const both = queueUpload(outbox, 'a', { resourceKeys: ['main:a', 'main:b'] });
    const other = queueUpload(outbox, 'b', { resourceKeys: ['main:b'] });
    lease(outbox, both);
    expect(() => lease(outbox, other)).toThrow(/UNIQUE/);
  });

  it('keeps events as they are', () => {
    const outbox = makeOutbox();
    queueUpload(outbox, 'a');
    expect(force(outbox, "UPDATE events SET type = 'other'")).toThrow(/immutable/);
    expect(
      force(outbox, "INSERT INTO events (id, type, at, source, details) VALUES ('x', 'y', 1, 'us', '{}')"),
    ).toThrow(/CHECK/);
  });

  it('P6: takes parts of a known upload only, numbered 1 to 10,000', () => {
    const outbox = makeOutbox();
    const operation = queueUpload(outbox, 'a');
    const { uploads } = outbox.repos;
    expect(() => uploads.addPart(operation.id, partOf(1))).toThrow(/FOREIGN KEY/);
    uploads.insert(uploadOf(operation));
    expect(() => uploads.addPart(operation.id, partOf(0))).toThrow(/CHECK/);
    expect(() => uploads.addPart(operation.id, partOf(10_001))).toThrow(/CHECK/);
    expect(() => uploads.addPart(operation.id, partOf(1, { sizeBytes: 0 }))).toThrow(/CHECK/);
    uploads.addPart(operation.id, partOf(10_000));
    expect(uploads.parts(operation.id).map(({ number }) => number)).toEqual([10_000]);
  });

  it('P7: gives an operation one upload, and does not forget it with its operation', () => {
    const outbox = makeOutbox();
    const operation = queueUpload(outbox, 'a');
    outbox.repos.uploads.insert(uploadOf(operation));
    expect(() => outbox.repos.uploads.insert(uploadOf(operation))).toThrow(/UNIQUE/);
    expect(force(outbox, 'DELETE FROM operations')).toThrow(/FOREIGN KEY/);
    expect(() => outbox.repos.uploads.insert(uploadOf({ ...operation, id: 'nobody' as never }))).toThrow(/FOREIGN KEY/);
  });

  it.each(STATES)('holds and runs keys as %s does', (state) => {
    const outbox = makeOutbox();
    const operation = bringTo(outbox, queueUpload(outbox, 'a', { resourceKeys: ['k1', 'k2'] }), state);
    const keys = outbox.db
      .prepare('SELECT held, active FROM operation_keys WHERE operation_seq = ?')
      .all(operation.seq);
    const released = ['failed', 'succeeded', 'cancelled', 'superseded'].includes(state);
    const runs = ['running', 'compensating'].includes(state);
    expect(keys).toEqual([1, 2].map(() => ({ held: Number(!released), active: Number(runs) })));
  });
});
