import { describe, expect, it } from 'vitest';
import type { NewOperation } from '../../../src/db/new-operation.ts';
import { newOperationId } from '../../../src/core/ids.ts';
import { makeOutbox, uploadSpecFor, type Outbox } from '../../support/outbox.ts';

function upload(outbox: Outbox, path: string): NewOperation {
  const key = `drop/${path}`;
  return {
    id: newOperationId(outbox.clock, outbox.random),
    kind: 'file.upload',
    priority: 'normal',
    lane: 'folder:drop',
    target: key,
    resourceKeys: [`main:${key}`],
    spec: uploadSpecFor(key),
    folder: 'drop',
    path,
    destination: 'main',
  };
}

const rows = ({ db }: Outbox) => db.prepare('SELECT target FROM operations ORDER BY seq').pluck().all();

describe('P1, P8: operations that are inserted soon', () => {
  it('are there, in their order, each with its event, when the transaction ends', () => {
    const outbox = makeOutbox();
    const { repos } = outbox;
    repos.transaction(() => {
      for (let index = 0; index < 150; index += 1) repos.operations.insertSoon(upload(outbox, `${index}`), { index });
      repos.operations.insert(upload(outbox, 'last'));
    });
    expect(rows(outbox)).toEqual([...Array.from({ length: 150 }, (_, index) => `drop/${index}`), 'drop/last']);
    expect(repos.events.list({ limit: 1000 }).map(({ details }) => details['index'])).toEqual([
      ...Array.from({ length: 150 }, (_, index) => index),
      undefined,
    ]);
    expect(repos.claims.ready('folder:drop', 'normal', outbox.clock.now(), 1000)).toHaveLength(151);
  });

  it('are there before they are asked for', () => {
    const outbox = makeOutbox();
    const { repos } = outbox;
    const { operations } = repos;
    repos.transaction(() => {
      const [a, b, c] = ['a', 'b', 'c'].map((path) => upload(outbox, path));
      if (a === undefined || b === undefined || c === undefined) throw new Error('three were made');
      operations.insertSoon(a);
      expect(operations.unfinishedOn('main:drop/other')).toEqual([]);
      expect(operations.unfinishedOn('main:drop/a').map(({ id }) => id)).toEqual([a.id]);
      operations.insertSoon(b);
      expect(operations.byId(b.id)).toMatchObject({ target: 'drop/b', state: 'pending' });
      operations.insertSoon(c);
      expect(operations.stateOf(c.id)).toBe('pending');
    });
    expect(rows(outbox)).toEqual(['drop/a', 'drop/b', 'drop/c']);
  });

  it('come to nothing with their transaction, and what was collected around an inner one stays', () => {
    const outbox = makeOutbox();
    const { repos } = outbox;
    const { operations } = repos;
    expect(() => {
      repos.transaction(() => {
        operations.insertSoon(upload(outbox, 'never'));
        throw new Error('the disk is full');
      });
    }).toThrow('the disk is full');
    repos.transaction(() => {
      operations.insertSoon(upload(outbox, 'outer'));
      expect(() => {
        repos.transaction(() => {
          operations.insertSoon(upload(outbox, 'inner'));
          throw new Error('no');
        });
      }).toThrow('no');
    });
    expect(rows(outbox)).toEqual(['drop/outer']);
    expect(outbox.repos.events.list({ limit: 10 })).toHaveLength(1);
  });

  it('are written at once outside of a transaction', () => {
    const outbox = makeOutbox();
    outbox.repos.operations.insertSoon(upload(outbox, 'alone'));
    expect(rows(outbox)).toEqual(['drop/alone']);
  });

  it('tell whether one of a kind runs on a resource', () => {
    const outbox = makeOutbox();
    const { operations } = outbox.repos;
    const seen = operations.insert(upload(outbox, 'a'));
    expect(operations.runsOn('main:drop/a', 'file.upload')).toBe(false);
    operations.transition(seen, 'lease', { leaseEpoch: 1, leaseAttempt: 1 });
    expect(operations.runsOn('main:drop/a', 'file.upload')).toBe(true);
    expect(operations.runsOn('main:drop/a', 'file.download')).toBe(false);
    expect(operations.runsOn('main:drop/b', 'file.upload')).toBe(false);
  });
});
