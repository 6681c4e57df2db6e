import { afterEach, describe, expect, test, vi } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import { createChannelPair } from '../../../src/protocol/channel.ts';
import { RpcClient } from '../../../src/protocol/rpc-client.ts';
import { RpcDeadlineExceeded, RpcDisconnected, RpcRefusal } from '../../../src/protocol/rpc-errors.ts';
import { MAX_PENDING_REQUESTS } from '../../../src/protocol/rpc-message.ts';
import { RpcServer, type RpcConnection, type RpcHandlers } from '../../../src/protocol/rpc-server.ts';
import type { StatusView } from '../../../src/protocol/shapes.ts';
import { eventView, operationView, plainHandlers, refusal, statusView } from '../../support/protocol-fixtures.ts';

interface Peers {
  readonly client: RpcClient;
  readonly connection: RpcConnection;
  readonly unexpected: unknown[];
  readonly problems: string[];
}

function peers(handlers: Partial<RpcHandlers> = plainHandlers()): Peers {
  const [near, far] = createChannelPair();
  const unexpected: unknown[] = [];
  const problems: string[] = [];
  const server = new RpcServer({ handlers, onUnexpected: (error) => unexpected.push(error) });
  const connection = server.accept(far);
  const client = new RpcClient(near, { onProtocolError: (problem) => problems.push(problem) });
  return { client, connection, unexpected, problems };
}

/** The replies that a raw peer gets, for messages that no RpcClient would send. */
async function rawReplies(handlers: Partial<RpcHandlers>, messages: readonly unknown[]): Promise<readonly unknown[]> {
  const [near, far] = createChannelPair();
  const replies: unknown[] = [];
  near.onMessage((reply) => replies.push(reply));
  new RpcServer({ handlers }).accept(far);
  for (const message of messages) near.send(message);
  await settle();
  return replies;
}

/** Lets all microtasks and one turn of the loop run. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  );
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a call', () => {
  test('gives the result of its handler', async () => {
    const { client } = peers(plainHandlers({ ls: () => Promise.resolve({ items: [operationView()], next: 'more' }) }));
    expect(await client.call('ls', { limit: 10 })).toEqual({ items: [operationView()], next: 'more' });
  });

  test('many at once each get their own reply', async () => {
    const { client } = peers(
      plainHandlers({ retry: ({ ids }) => settle().then(() => ({ retried: ids, refused: [] })) }),
    );
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) => client.call('retry', { ids: [`id-${index}`] })),
    );
    expect(replies.map(({ retried }) => retried[0])).toEqual(Array.from({ length: 20 }, (_, index) => `id-${index}`));
  });

  test('that is refused rejects with kind, message and hint', async () => {
    const { client, unexpected } = peers(
      plainHandlers({ cancel: () => Promise.reject(refusal('It is done already.')) }),
    );
    const error = await failure(client.call('cancel', { ids: ['x'] }));
    expect(error).toBeInstanceOf(RpcRefusal);
    expect((error as RpcRefusal).failure).toEqual({
      kind: 'state',
      message: 'It is done already.',
      hint: 'Do something else.',
    });
    expect(unexpected).toEqual([]);
  });

  test('shows the sentence of a known failure and not its details', async () => {
    const known = new LongshoreError('net.refused', { detail: 'token=hunter2' }, new Error('inner hunter2'));
    const { client, unexpected } = peers(plainHandlers({ rescan: () => Promise.reject(known) }));
    const error = (await failure(client.call('rescan', {}))) as RpcRefusal;
    expect(error.failure).toEqual({ kind: 'unexpected', message: known.message, hint: known.hint });
    expect(unexpected).toEqual([known]);
  });

  test('P12: an unexpected error tells the caller nothing of what is inside', async () => {
    const inner = new Error('SQLITE_CORRUPT at /secret/place, key AKIA1234 hunter2');
    const { client, unexpected } = peers(plainHandlers({ status: () => Promise.reject(inner) }));
    const error = (await failure(client.call('status', {}))) as RpcRefusal;
    expect(error.failure.kind).toBe('unexpected');
    expect(JSON.stringify(error.failure)).not.toMatch(/SQLITE|secret|AKIA|hunter2/);
    expect(unexpected).toEqual([inner]);
  });
});

describe('validation', () => {
  test('the client refuses wrong params before anything is sent', async () => {
    const cancel = vi.fn<RpcHandlers['cancel']>();
    const { client } = peers(plainHandlers({ cancel }));
    const error = (await failure(client.call('cancel', { ids: [] }))) as RpcRefusal;
    expect(error.failure.kind).toBe('usage');
    await settle();
    expect(cancel).not.toHaveBeenCalled();
  });

  test('P12: the server refuses wrong params without repeating them', async () => {
    const message = { jsonrpc: '2.0', id: 7, method: 'secret.set', params: { name: '', value: 'hunter2' } };
    const set = vi.fn<RpcHandlers['secret.set']>();
    const [reply] = await rawReplies(plainHandlers({ 'secret.set': set }), [message]);
    expect(reply).toMatchObject({ id: 7, error: { code: -32_602, data: { kind: 'usage' } } });
    expect(JSON.stringify(reply)).not.toContain('hunter2');
    expect(set).not.toHaveBeenCalled();
  });

  test('P12: what a handler returns beyond the contract stays inside', async () => {
    const leaky = { names: ['a'], values: ['hunter2'] };
    const handlers = plainHandlers({ 'secret.ls': () => Promise.resolve(leaky) });
    const [reply] = await rawReplies(handlers, [{ jsonrpc: '2.0', id: 1, method: 'secret.ls' }]);
    expect(reply).toEqual({ jsonrpc: '2.0', id: 1, result: { names: ['a'] } });
  });

  test('a result that is not as agreed never leaves the server', async () => {
    const wrong = { items: [{ id: 'hunter2' }], next: null } as never;
    const { client, unexpected } = peers(plainHandlers({ ls: () => Promise.resolve(wrong) }));
    const error = (await failure(client.call('ls', {}))) as RpcRefusal;
    expect(error.failure.kind).toBe('unexpected');
    expect(JSON.stringify(error.failure)).not.toContain('hunter2');
    expect(unexpected).toHaveLength(1);
  });

  test('a result that is not as agreed is refused by the client', async () => {
    const [near, far] = createChannelPair();
    far.onMessage(() => far.send({ jsonrpc: '2.0', id: 1, result: { names: 'all' } }));
    const problems: string[] = [];
    const client = new RpcClient(near, { onProtocolError: (problem) => problems.push(problem) });
    const error = (await failure(client.call('secret.ls', {}))) as RpcRefusal;
    expect(error.failure.kind).toBe('unexpected');
    expect(problems).toHaveLength(1);
  });

  test.each(['nonsense', 'constructor', '__proto__', 'toString'])('there is no method %s', async (method) => {
    const [reply] = await rawReplies(plainHandlers(), [{ jsonrpc: '2.0', id: 1, method, params: {} }]);
    expect(reply).toMatchObject({ id: 1, error: { code: -32_601, data: { kind: 'not-available' } } });
  });

  test('a method without a handler is refused by name', async () => {
    const { client } = peers({ ls: plainHandlers().ls });
    const error = (await failure(client.call('rescan', {}))) as RpcRefusal;
    expect(error.failure).toMatchObject({ kind: 'not-available', message: '"rescan" is not available here.' });
  });

  test('what is no request gets an error without an id; notifications and nothing else get silence', async () => {
    const replies = await rawReplies(plainHandlers(), [
      'hello',
      [{ jsonrpc: '2.0', id: 1, method: 'status' }],
      { id: 1, method: 'status' },
      { jsonrpc: '2.0', method: 'status' },
    ]);
    expect(replies).toHaveLength(3);
    for (const reply of replies) expect(reply).toMatchObject({ id: null, error: { code: -32_600 } });
  });
});

describe('an end for every call', () => {
  test('the deadline: 30 s unless told otherwise; a reply after it is dropped', async () => {
    vi.useFakeTimers();
    const answer = Promise.withResolvers<StatusView>();
    const handlers = plainHandlers({
      status: () => answer.promise,
    });
    const { client, problems } = peers(handlers);
    let ended: unknown = null;
    client.call('status', {}).catch((error: unknown) => {
      ended = error;
    });
    await vi.advanceTimersByTimeAsync(29_999);
    expect(ended).toBeNull();
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toBeInstanceOf(RpcDeadlineExceeded);
    answer.resolve(statusView());
    await vi.advanceTimersByTimeAsync(0);
    expect(problems).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a deadline of one call is its own, and is named', async () => {
    vi.useFakeTimers();
    const { client } = peers(plainHandlers({ status: () => new Promise(() => undefined) }));
    const hasty = failure(client.call('status', {}, { deadlineMs: 20 }));
    await vi.advanceTimersByTimeAsync(20);
    expect(await hasty).toBeInstanceOf(RpcDeadlineExceeded);
    expect((await hasty) as Error).toHaveProperty('message', expect.stringContaining('"status" within 0.02 s'));
    client.close();
  });

  test('when the channel closes, all that wait are told', async () => {
    const { client, connection } = peers(plainHandlers({ status: () => new Promise(() => undefined) }));
    const waiting = [failure(client.call('status', {})), failure(client.call('status', {}))];
    await settle();
    client.close();
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(RpcDisconnected);
    expect(await failure(client.call('ls', {}))).toBeInstanceOf(RpcDisconnected);
    await settle();
    expect(connection.closed.aborted).toBe(true);
  });

  test('when the server closes, the client is told', async () => {
    const [near, far] = createChannelPair();
    const server = new RpcServer({ handlers: plainHandlers({ status: () => new Promise(() => undefined) }) });
    server.accept(far);
    const client = new RpcClient(near);
    const waiting = failure(client.call('status', {}));
    await settle();
    server.close();
    expect(await waiting).toBeInstanceOf(RpcDisconnected);
    expect(server.connections.size).toBe(0);
  });

  test('a client may have so many calls under way and no more', async () => {
    const { client } = peers(plainHandlers({ status: () => new Promise(() => undefined) }));
    const waiting = Array.from({ length: MAX_PENDING_REQUESTS }, () => failure(client.call('status', {})));
    const error = (await failure(client.call('status', {}))) as RpcRefusal;
    expect(error.failure.kind).toBe('state');
    client.close();
    await Promise.all(waiting);
  });

  test('a server takes so many requests and refuses the rest, until one is done', async () => {
    const release = Promise.withResolvers<Record<string, never>>();
    const handlers = plainHandlers({
      rescan: () => release.promise,
    });
    const [near, far] = createChannelPair();
    const replies: { id: number; error?: unknown }[] = [];
    near.onMessage((reply) => replies.push(reply as { id: number }));
    new RpcServer({ handlers, maxPending: 2 }).accept(far);
    for (const id of [1, 2, 3]) near.send({ jsonrpc: '2.0', id, method: 'rescan', params: {} });
    await settle();
    expect(replies).toEqual([expect.objectContaining({ id: 3, error: expect.anything() as unknown })]);
    release.resolve({});
    await settle();
    near.send({ jsonrpc: '2.0', id: 4, method: 'status' });
    await settle();
    expect(replies.find(({ id }) => id === 4)?.error).toBeUndefined();
  });
});

describe('notifications', () => {
  test('reach the listeners of their name, decoded, until they stop', async () => {
    const { client, connection } = peers();
    const seen: number[] = [];
    const stop = client.on('event', ({ seq }) => seen.push(seq));
    connection.notify('event', eventView({ seq: 1 }));
    connection.notify('changed', { seq: 9, status: statusView(), operations: [], more: false });
    await settle();
    stop();
    connection.notify('event', eventView({ seq: 2 }));
    await settle();
    expect(seen).toEqual([1]);
  });

  test('that are not as agreed are dropped and told', async () => {
    const [near, far] = createChannelPair();
    const problems: string[] = [];
    const seen: unknown[] = [];
    const client = new RpcClient(near, { onProtocolError: (problem) => problems.push(problem) });
    client.on('event', (event) => seen.push(event));
    far.send({ jsonrpc: '2.0', method: 'event', params: { seq: 'one' } });
    far.send({ jsonrpc: '2.0', method: 'constructor', params: {} });
    far.send('noise');
    await settle();
    expect(seen).toEqual([]);
    expect(problems).toHaveLength(3);
  });

  test('P12: a notification carries only what the contract names', async () => {
    const [near, far] = createChannelPair();
    const seen: unknown[] = [];
    near.onMessage((message) => seen.push(message));
    const connection = new RpcServer({ handlers: {} }).accept(far);
    connection.notify('event', { ...eventView(), token: 'hunter2' } as never);
    await settle();
    expect(seen).toHaveLength(1);
    expect(JSON.stringify(seen)).not.toContain('hunter2');
  });

  test('after the end are taken silently', async () => {
    const { client, connection, unexpected } = peers();
    client.close();
    await settle();
    connection.notify('event', eventView());
    expect(unexpected).toEqual([]);
  });
});
