import { describe, expect, it } from 'vitest';
import type { Notification } from '../../../src/protocol/contract.ts';
import type { RpcConnection } from '../../../src/protocol/rpc-server.ts';
import { ChangeFeed } from '../../../src/engine/change-feed.ts';
import { statusView } from '../../../src/engine/status-view.ts';
import { deskConfig, makeDesk } from '../../support/desk.ts';
import { makeOutbox, queueUpload } from '../../support/outbox.ts';

/** A shell that keeps what it is told. */
function makeShell(id: number) {
  const closing = new AbortController();
  const deltas: Notification<'changed'>[] = [];
  const events: Notification<'event'>[] = [];
  const connection: RpcConnection = {
    id,
    closed: closing.signal,
    notify: (name, params) => {
      if (name === 'changed') deltas.push(params as Notification<'changed'>);
      else events.push(params as Notification<'event'>);
    },
  };
  return { connection, deltas, events, close: () => closing.abort() };
}

function makeBench() {
  let onChange: (seq: number) => void = () => undefined;
  const outbox = makeOutbox({
    onChange: (seq) => {
      onChange(seq);
    },
  });
  const { core, desk } = makeDesk(deskConfig(), outbox);
  const status = () => statusView(core, desk.facts, [], outbox.clock.now());
  const feed = new ChangeFeed(outbox.clock, () => core, status);
  onChange = (seq) => {
    feed.operationChanged(seq);
  };
  return { outbox, feed };
}

const CHANGES = { changes: true, events: false };

describe('the change feed', () => {
  it('tells what changed, with the status, numbered without gaps from the snapshot on', () => {
    const { outbox, feed } = makeBench();
    const shell = makeShell(1);
    const snapshot = feed.subscribe(shell.connection, CHANGES);
    expect(snapshot.status.counts.pending).toBe(0);
    for (let turn = 0; turn < 5; turn += 1) {
      queueUpload(outbox, `f${turn}`);
      outbox.clock.advance(200);
    }
    expect(shell.deltas.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5].map((by) => snapshot.seq + by));
    expect(shell.deltas.map(({ operations }) => operations.map(({ path }) => path))).toEqual([
      ['f0'],
      ['f1'],
      ['f2'],
      ['f3'],
      ['f4'],
    ]);
    expect(shell.deltas.at(-1)).toMatchObject({ more: false, status: { counts: { pending: 5 } } });
    const later = makeShell(2);
    expect(feed.subscribe(later.connection, CHANGES).seq).toBe(shell.deltas.at(-1)?.seq);
  });

  it('speaks at most ten times a second, the first time at once', () => {
    const { outbox, feed } = makeBench();
    const shell = makeShell(1);
    feed.subscribe(shell.connection, CHANGES);
    queueUpload(outbox, 'first');
    outbox.clock.advance(0);
    expect(shell.deltas).toHaveLength(1);
    for (let tick = 0; tick < 1000; tick += 1) {
      feed.touch();
      outbox.clock.advance(1);
    }
    expect(shell.deltas.length).toBeLessThanOrEqual(11);
    expect(shell.deltas.length).toBeGreaterThanOrEqual(10);
  });

  it('names an operation once, as it is at the end', () => {
    const { outbox, feed } = makeBench();
    const shell = makeShell(1);
    feed.subscribe(shell.connection, CHANGES);
    const operation = queueUpload(outbox, 'a');
    outbox.repos.operations.transition(operation, 'cancel');
    outbox.clock.advance(100);
    expect(shell.deltas).toHaveLength(1);
    expect(shell.deltas[0]?.operations).toMatchObject([{ path: 'a', state: 'cancelled' }]);
  });

  it('says that there is more instead of listing a flood', () => {
    const { outbox, feed } = makeBench();
    const shell = makeShell(1);
    feed.subscribe(shell.connection, CHANGES);
    outbox.repos.transaction(() => {
      for (let each = 0; each < 500; each += 1) queueUpload(outbox, `f${each}`);
    });
    outbox.clock.advance(100);
    expect(shell.deltas[0]?.operations).toHaveLength(200);
    expect(shell.deltas[0]).toMatchObject({ more: true, status: { counts: { pending: 500 } } });
    queueUpload(outbox, 'next');
    outbox.clock.advance(100);
    expect(shell.deltas[1]).toMatchObject({ more: false });
  });

  it('tells every event in order to who wants events, from the subscription on', () => {
    const { outbox, feed } = makeBench();
    queueUpload(outbox, 'before');
    const [shell, other] = [makeShell(1), makeShell(2)];
    feed.subscribe(shell.connection, { changes: false, events: true });
    feed.subscribe(other.connection, CHANGES);
    outbox.repos.transaction(() => {
      for (let each = 0; each < 2500; each += 1) queueUpload(outbox, `f${each}`);
    });
    outbox.clock.advance(1000);
    expect(shell.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 2500 }, (_, index) => index + 2));
    expect(shell.deltas).toEqual([]);
    expect(other.events).toEqual([]);
  });

  it('is silent, and leaves no timer, when nobody listens any more', () => {
    const { outbox, feed } = makeBench();
    const shell = makeShell(1);
    feed.subscribe(shell.connection, CHANGES);
    shell.close();
    queueUpload(outbox, 'a');
    outbox.clock.advance(1000);
    expect(shell.deltas).toEqual([]);
    expect(outbox.clock.armed).toBe(0);
  });

  it('tells at its end what has happened so far', () => {
    const { outbox, feed } = makeBench();
    const shell = makeShell(1);
    feed.subscribe(shell.connection, { changes: true, events: true });
    queueUpload(outbox, 'a');
    feed.stop();
    expect([shell.deltas.length, shell.events.length]).toEqual([1, 1]);
    expect(outbox.clock.armed).toBe(0);
  });
});
