import { describe, expect, it } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import { FOREVER } from '../../../src/db/stored-operation.ts';
import { NOON } from '../../support/manual-clock.ts';
import { bringTo, eventTypes, must, queueUpload, reread } from '../../support/outbox.ts';
import { makeDesk, refusalOf } from '../../support/desk.ts';

const SECRET_CALL = { method: 'POST' as const, target: 'crm:/items' };

describe('a handler refuses, in words,', () => {
  it.each(['show', 'viewUrl', 'localPath'] as const)('%s of an item that is not there', async (method) => {
    const { handlers } = makeDesk();
    const failure = await refusalOf(handlers[method]({ id: 'nobody' }));
    expect(failure.kind).toBe('not-found');
    expect(failure.message).toContain('nobody');
  });

  it.each(['ls', 'conflicts'] as const)('%s from a page that it never gave', async (method) => {
    const { handlers } = makeDesk();
    expect(await refusalOf(handlers[method]({ after: 'xyz' }))).toMatchObject({ kind: 'usage' });
  });

  it.each([{ folder: 'gone' }, { provider: 'gone' }, { id: 'gone' }])('a pause of %j', async (scope) => {
    const { handlers, outbox } = makeDesk();
    expect(await refusalOf(handlers.pause({ scope, forMs: null }))).toMatchObject({ kind: 'not-found' });
    expect(await refusalOf(handlers.resume({ scope }))).toMatchObject({ kind: 'not-found' });
    expect(outbox.repos.pauses.all()).toEqual([]);
  });

  it('to merge', async () => {
    const { handlers } = makeDesk();
    expect(await refusalOf(handlers.resolve({ ids: [], keep: 'merge' }))).toMatchObject({ kind: 'not-available' });
  });

  it('to add to a folder that is not configured', async () => {
    const { handlers } = makeDesk();
    const failure = await refusalOf(handlers['folder.add']({ folder: 'gone', paths: ['/x'] }));
    expect(failure.kind).toBe('not-found');
  });

  it('an address of what is not in the storage yet', async () => {
    const { handlers, outbox } = makeDesk();
    const pending = queueUpload(outbox, 'a');
    expect(await refusalOf(handlers.viewUrl({ id: pending.id }))).toMatchObject({ kind: 'not-found' });
    bringTo(outbox, pending, 'succeeded');
    expect(await handlers.viewUrl({ id: pending.id })).toEqual({ url: 'https://view.example.com/drop/a' });
  });

  it.each([
    ['a provider that is not configured', 'erp:/items', /no provider "erp"/],
    ['what is no address', 'items', /neither a URL/],
    ['another scheme', 'ftp://example.com/x', /neither a URL/],
    ['a file', 'file:///etc/passwd', /./],
    ['a password in the address', 'https://me:pw@example.com/', /password/],
    ['plain http to elsewhere', 'http://example.com/', /http/],
    ['plain http to a host that looks like this one', 'http://127.0.0.1.example.com/', /http/],
  ])('a call to %s', async (_what, target, words) => {
    const { handlers, outbox } = makeDesk();
    const failure = await refusalOf(handlers.call({ method: 'POST', target }));
    expect(failure).toMatchObject({ kind: 'usage', message: expect.stringMatching(words) as string });
    expect(failure.message + failure.hint).not.toContain('pw');
    expect(outbox.repos.operations.lastSeq(), 'nothing was queued').toBe(0);
  });

  it('P11: a name that is not configured, with the one that was meant and all that there are', async () => {
    const { handlers } = makeDesk();
    const folder = {
      kind: 'not-found',
      message: 'There is no folder "dorp".',
      hint: 'Did you mean "drop"? There are these folders: drop, far.',
    };
    for (const ask of [
      () => handlers.ls({ folder: 'dorp' }),
      () => handlers.pause({ scope: { folder: 'dorp' }, forMs: null }),
      () => handlers['deletes.ls']({ folder: 'dorp' }),
      () => handlers['deletes.decide']({ folder: 'dorp', decision: 'keep' }),
      () => handlers['folder.adopt']({ folder: 'dorp' }),
      () => handlers['folder.add']({ folder: 'dorp', paths: [] }),
      () => handlers.restore({ folder: 'dorp', path: 'a.txt' }),
      () => handlers.resolve({ ids: [], keep: 'local', all: true, folder: 'dorp' }),
    ])
      expect(await refusalOf(ask())).toEqual(folder);
    expect(await refusalOf(handlers['uploads.ls']({ destination: 'mian' }))).toMatchObject({
      message: 'There is no destination "mian".',
      hint: 'Did you mean "main"? There are these destinations: main, far.',
    });
    expect((await refusalOf(handlers.call({ method: 'GET', target: 'crn:/x' }))).hint).toContain('Did you mean "crm"?');
  });

  it('P2: not a folder that left the configuration while its items are still here', async () => {
    const { handlers, outbox } = makeDesk();
    queueUpload(outbox, 'a', { folder: 'before' });
    expect((await handlers.ls({ folder: 'before', states: ['failed'] })).items).toEqual([]);
    expect((await handlers.ls({ folder: 'before' })).items).toHaveLength(1);
  });

  it('an idempotency key that was used for another request', async () => {
    const { handlers, outbox } = makeDesk();
    const first = await handlers.call({ ...SECRET_CALL, body: '1', idempotencyKey: 'k' });
    expect(first.known).toBeUndefined();
    const again = await handlers.call({ ...SECRET_CALL, body: '1', idempotencyKey: 'k' });
    expect(again).toMatchObject({ id: first.id, known: true });
    const failure = await refusalOf(handlers.call({ ...SECRET_CALL, body: '2', idempotencyKey: 'k' }));
    expect(failure).toMatchObject({ kind: 'usage', message: expect.stringContaining(first.id) as string });
    expect(outbox.repos.operations.lastSeq()).toBe(1);
  });
});

describe('a handler', () => {
  it('takes calls to this machine, to providers and over https', async () => {
    const { handlers } = makeDesk();
    for (const target of ['http://127.0.0.1:8080/x', 'http://localhost/x', 'https://example.com/x', 'crm:/x?y=1']) {
      expect(await handlers.call({ method: 'POST', target }), target).toMatchObject({ state: 'pending' });
    }
  });

  it('P1: answers after the row is committed', async () => {
    const { handlers, outbox } = makeDesk();
    const { id } = await handlers.call(SECRET_CALL);
    expect(outbox.db.inTransaction).toBe(false);
    expect(outbox.repos.operations.byId(id)).not.toBeNull();
  });

  it('does what can be done of a list, and says why the rest can’t', async () => {
    const { handlers, outbox } = makeDesk();
    const [failed, done] = [queueUpload(outbox, 'a'), queueUpload(outbox, 'b')];
    bringTo(outbox, failed, 'failed');
    bringTo(outbox, done, 'succeeded');
    const result = await handlers.retry({ ids: [failed.id, done.id, 'nobody'] });
    expect(result.retried).toEqual([failed.id]);
    expect(result.refused.map(({ id }) => id)).toEqual([done.id, 'nobody']);
    expect(reread(outbox, failed).state).toBe('pending');
  });

  it('retries all that failed in a time', async () => {
    const { handlers, outbox } = makeDesk();
    const ids = ['a', 'b', 'c'].map((path) => {
      const { id } = bringTo(outbox, queueUpload(outbox, path), 'failed');
      outbox.clock.advance(60_000);
      return id;
    });
    const at = (minute: number) => new Date(NOON + minute * 60_000).toISOString();
    const one = await handlers.retry({ ids: [], failed: true, since: at(1), until: at(1) });
    expect(one.retried).toEqual([ids[1]]);
    expect((await handlers.retry({ ids: [], failed: true })).retried).toEqual([ids[0], ids[2]]);
  });

  it('P9: pauses for a time or until resumed, and survives a restart', async () => {
    const { handlers, outbox } = makeDesk();
    const paused = await handlers.pause({ scope: {}, forMs: 60_000 });
    expect(paused).toMatchObject({ state: 'paused', pausedUntil: new Date(NOON + 60_000).toISOString() });
    await handlers.pause({ scope: { folder: 'drop' }, forMs: null });
    expect(outbox.repos.pauses.all()).toEqual([
      { scope: 'all', until: NOON + 60_000 },
      { scope: 'folder:drop', until: FOREVER },
    ]);
    await handlers.resume({ scope: { folder: 'drop' } });
    expect(outbox.repos.pauses.all()).toHaveLength(1);
  });

  it('P9: to resume everything ends every pause, of folders and single items too', async () => {
    const { handlers, outbox } = makeDesk();
    const held = queueUpload(outbox, 'held');
    const timed = queueUpload(outbox, 'timed');
    const free = queueUpload(outbox, 'free');
    await handlers.pause({ scope: { folder: 'drop' }, forMs: null });
    await handlers.pause({ scope: {}, forMs: null });
    await handlers.pause({ scope: { id: held.id }, forMs: null });
    await handlers.pause({ scope: { id: timed.id }, forMs: 60_000 });
    expect((await handlers.resume({ scope: {} })).gates).toEqual([]);
    expect(outbox.repos.pauses.all()).toEqual([]);
    expect([held, timed, free].map((operation) => reread(outbox, operation).heldUntil)).toEqual([0, 0, 0]);
    expect(eventTypes(outbox, held)).toEqual(['queued', 'paused', 'resumed']);
    expect(eventTypes(outbox, free), 'what was not held has no such event').toEqual(['queued']);
  });

  it('a retry behind a gate says what it waits for, and an unreachable service is tried at once', async () => {
    const { handlers, outbox, core } = makeDesk();
    const operation = bringTo(outbox, queueUpload(outbox, 'a'), 'failed');
    core.gates.failedToReach('dest:main', new LongshoreError('net.refused'));
    expect(await handlers.retry({ ids: [operation.id] })).toEqual({
      retried: [operation.id],
      refused: [],
      waits: [{ id: operation.id, gate: 'unreachable', next: 'The service is tried again at 2026-03-01T12:00:00Z.' }],
    });
    expect(core.gates.allowance(core.lanes.info('folder:drop'))).toBe('probe');
    await handlers.pause({ scope: {}, forMs: null });
    const other = bringTo(outbox, queueUpload(outbox, 'b'), 'failed');
    expect(await handlers.retry({ ids: [other.id] })).toMatchObject({
      waits: [{ gate: 'paused', next: 'It starts when you resume.' }],
    });
  });

  it('shows the last part of a long history', async () => {
    const { handlers, outbox } = makeDesk();
    const operation = queueUpload(outbox, 'a');
    for (let turn = 0; turn < 700; turn += 1) {
      outbox.repos.operations.amend(reread(outbox, operation), { bytesDone: turn % 100 }, { type: 'paused' });
    }
    const { events } = await handlers.show({ id: operation.id });
    expect(events.length).toBeLessThan(700);
    expect(events.at(-1)?.seq).toBe(outbox.repos.events.lastSeq());
    expect(events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq).toSorted((a, b) => a - b));
  });

  it('P12: tells the names of secrets, never a value', async () => {
    const { handlers } = makeDesk();
    await handlers['secret.set']({ name: 'crm', value: 'SECRET-value' });
    await handlers.call({ ...SECRET_CALL, headers: { Authorization: 'Bearer SECRET-token' }, body: 'SECRET-body' });
    const seen = [
      await handlers['secret.ls']({}),
      await handlers.status({}),
      await handlers.ls({}),
      await handlers.events({}),
      await handlers.show({ id: must((await handlers.ls({})).items[0]).id }),
    ];
    expect(JSON.stringify(seen)).toContain('crm');
    expect(JSON.stringify(seen)).not.toContain('SECRET-');
    expect(await handlers['secret.rm']({ name: 'crm' })).toEqual({ removed: true });
    expect(await handlers['secret.rm']({ name: 'crm' })).toEqual({ removed: false });
  });
});
