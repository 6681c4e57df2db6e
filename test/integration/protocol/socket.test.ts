import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Channel } from '../../../src/protocol/channel.ts';
import { newEngineSecret, type EngineFacts } from '../../../src/protocol/engine-file.ts';
import { MAX_FRAME_BYTES } from '../../../src/protocol/frame.ts';
import { RpcClient } from '../../../src/protocol/rpc-client.ts';
import { RpcDisconnected, RpcRefusal } from '../../../src/protocol/rpc-errors.ts';
import { RpcServer, type RpcHandlers } from '../../../src/protocol/rpc-server.ts';
import { socketAddress } from '../../../src/protocol/socket-address.ts';
import { MAX_QUEUED_BYTES } from '../../../src/protocol/socket-channel.ts';
import { connectToSocket, SocketConnectError } from '../../../src/protocol/socket-client.ts';
import { listenOnSocket } from '../../../src/protocol/socket-server.ts';
import { eventView, operationView, plainHandlers, statusView } from '../../support/protocol-fixtures.ts';
import { until } from '../../support/until.ts';

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function tempDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-socket-'));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function engineFacts(dataDir: string, overrides: Partial<EngineFacts> = {}): EngineFacts {
  return {
    pid: process.pid,
    version: '0.1.0',
    startedAt: '2026-07-01T12:00:00.000Z',
    address: socketAddress(dataDir),
    token: newEngineSecret(),
    nonce: newEngineSecret(),
    ...overrides,
  };
}

interface Listening {
  readonly facts: EngineFacts;
  readonly server: RpcServer;
  readonly refused: string[];
  readonly close: () => Promise<void>;
}

async function listen(facts: EngineFacts, handlers: Partial<RpcHandlers> = plainHandlers()): Promise<Listening> {
  const server = new RpcServer({ handlers });
  const refused: string[] = [];
  const socket = await listenOnSocket({
    facts,
    onChannel: (channel) => server.accept(channel),
    onRefused: (reason) => refused.push(reason),
    helloDeadlineMs: 200,
  });
  cleanups.push(() => socket.close());
  return { facts, server, refused, close: () => socket.close() };
}

async function clientOf(facts: EngineFacts): Promise<RpcClient> {
  const client = new RpcClient(await connectToSocket(facts));
  cleanups.push(() => client.close());
  return client;
}

async function connectFailure(facts: EngineFacts, deadlineMs?: number): Promise<string> {
  return connectToSocket(facts, deadlineMs).then(
    (channel) => {
      channel.close();
      return 'connected';
    },
    (error: unknown) => (error instanceof SocketConnectError ? error.failure : `other: ${String(error)}`),
  );
}

/** A client without manners; gives what it received until the server hung up. */
function rawExchange(address: string, sent: string | Buffer | null): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(address, () => {
      if (sent !== null) socket.write(sent);
    });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
  });
}

describe('a client with the token', () => {
  test('calls and is notified', async () => {
    const { facts, server } = await listen(engineFacts(tempDir()));
    const client = await clientOf(facts);
    expect(await client.call('status', {})).toEqual(statusView());
    const seen: number[] = [];
    client.on('event', ({ seq }) => seen.push(seq));
    for (const connection of server.connections)
      for (const seq of [1, 2, 3]) connection.notify('event', eventView({ seq }));
    await until('three events', () => seen.length === 3);
    expect(seen).toEqual([1, 2, 3]);
  });

  test('gets large pages whole, many at once', async () => {
    const items = Array.from({ length: 1000 }, (_, index) =>
      operationView({ path: `${'長い名前/'.repeat(20)}${index}` }),
    );
    const { facts } = await listen(
      engineFacts(tempDir()),
      plainHandlers({ ls: () => Promise.resolve({ items, next: null }) }),
    );
    const client = await clientOf(facts);
    const pages = await Promise.all([1, 2, 3, 4].map(() => client.call('ls', {})));
    for (const page of pages) expect(page.items).toEqual(items);
  });

  test('is told of a reply that is too large, and may go on', async () => {
    const detail = 'x'.repeat(MAX_FRAME_BYTES / 8);
    const items = Array.from({ length: 10 }, () =>
      operationView({ error: { code: 'c', class: 'transient', message: 'm', hint: 'h', detail } }),
    );
    const { facts } = await listen(
      engineFacts(tempDir()),
      plainHandlers({ ls: () => Promise.resolve({ items, next: null }) }),
    );
    const client = await clientOf(facts);
    await expect(client.call('ls', {})).rejects.toMatchObject({ failure: { message: 'The reply is too large.' } });
    expect(await client.call('secret.ls', {})).toEqual({ names: [] });
  });

  test('is told when the server goes, after the reply under way', async () => {
    const { facts, close } = await listen(
      engineFacts(tempDir()),
      plainHandlers({ status: () => new Promise(() => undefined) }),
    );
    const client = await clientOf(facts);
    const waiting = client.call('status', {});
    const ended = expect(waiting).rejects.toBeInstanceOf(RpcDisconnected);
    await client.call('secret.ls', {});
    await close();
    await ended;
    expect(existsSync(facts.address)).toBe(false);
  });
});

describe('a client without the token', () => {
  test('is turned away, and learns nothing', async () => {
    const { facts, refused, server } = await listen(engineFacts(tempDir()));
    expect(await connectFailure({ ...facts, token: newEngineSecret() })).toBe('refused');
    expect(refused).toEqual(['the token is not ours']);
    expect(server.connections.size).toBe(0);
  });

  test.each([
    ['a request first', `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'status' })}\n`],
    ['a hello without a token', `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'hello', params: {} })}\n`],
    ['no JSON', 'GET / HTTP/1.1\r\n\r\n'],
    ['an endless line', Buffer.alloc(100_000, 0x61)],
    ['nothing at all', null],
  ])('is closed without a word: %s', async (_name, sent) => {
    const { facts, server } = await listen(engineFacts(tempDir()));
    expect(await rawExchange(facts.address, sent)).toBe('');
    expect(server.connections.size).toBe(0);
    expect(await connectFailure(facts)).toBe('connected');
  });

  test('requests sent behind a wrong token are not run', async () => {
    let calls = 0;
    const count = () => {
      calls += 1;
      return Promise.resolve({});
    };
    const { facts } = await listen(engineFacts(tempDir()), plainHandlers({ shutdown: count }));
    const frames = [
      { jsonrpc: '2.0', id: 1, method: 'hello', params: { token: 'guess' } },
      { jsonrpc: '2.0', id: 2, method: 'shutdown', params: {} },
    ];
    expect(await rawExchange(facts.address, frames.map((frame) => `${JSON.stringify(frame)}\n`).join(''))).toBe('');
    expect(calls).toBe(0);
  });
});

test('requests sent together with the right token are answered', async () => {
  const { facts } = await listen(engineFacts(tempDir()));
  const frames = [
    { jsonrpc: '2.0', id: 1, method: 'hello', params: { token: facts.token } },
    { jsonrpc: '2.0', id: 2, method: 'secret.ls', params: {} },
  ];
  const lines: string[] = [];
  const socket = connect(facts.address, () =>
    socket.write(frames.map((frame) => `${JSON.stringify(frame)}\n`).join('')),
  );
  cleanups.push(() => void socket.destroy());
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  await until('two replies', () => text.split('\n').length > 2);
  lines.push(...text.trim().split('\n'));
  expect(lines.map((line) => (JSON.parse(line) as { id: number }).id)).toEqual([1, 2]);
});

describe('who listens', () => {
  test('must show the nonce, or is an impostor who gets no request', async () => {
    const { facts } = await listen(engineFacts(tempDir()));
    expect(await connectFailure({ ...facts, nonce: newEngineSecret() })).toBe('impostor');
  });

  test('and says nothing is silent, within the deadline', async () => {
    const address = join(tempDir(), 'mute.sock');
    const sockets: Socket[] = [];
    const mute = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => {
      mute.listen(address, resolve);
    });
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      mute.close();
    });
    const before = performance.now();
    expect(await connectFailure(engineFacts('/x', { address }), 150)).toBe('silent');
    expect(performance.now() - before).toBeLessThan(5000);
  });

  test('nobody: no socket, a stale one, or a plain file', async () => {
    const dataDir = tempDir();
    const facts = engineFacts(dataDir);
    expect(await connectFailure(facts)).toBe('absent');
    mkdirSync(dirname(facts.address));
    writeFileSync(facts.address, '');
    expect(await connectFailure(facts)).toBe('absent');
  });
});

describe('the socket’s file', () => {
  test('is for this user alone, in a directory for this user alone', async () => {
    const { facts } = await listen(engineFacts(tempDir()));
    expect(statSync(facts.address).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(facts.address)).mode & 0o777).toBe(0o700);
  });

  test('a directory that others may enter is closed to them first', async () => {
    const facts = engineFacts(tempDir());
    mkdirSync(dirname(facts.address), { mode: 0o755 });
    await listen(facts);
    expect(statSync(dirname(facts.address)).mode & 0o777).toBe(0o700);
  });

  test('a stale one is replaced', async () => {
    const facts = engineFacts(tempDir());
    const { spawnSync } = await import('node:child_process');
    // A process that is killed leaves its socket behind.
    const script = `require('net').createServer().listen(${JSON.stringify(facts.address)}, () => process.kill(process.pid, 'SIGKILL'))`;
    mkdirSync(dirname(facts.address), { mode: 0o700 });
    spawnSync(process.execPath, ['-e', script]);
    expect(statSync(facts.address).isSocket()).toBe(true);
    expect(await connectFailure(facts)).toBe('absent');
    await listen(facts);
    expect(await connectFailure(facts)).toBe('connected');
  });

  test('anything else in its place is left alone', async () => {
    const facts = engineFacts(tempDir());
    mkdirSync(dirname(facts.address), { mode: 0o700 });
    writeFileSync(facts.address, 'precious');
    await expect(listen(facts)).rejects.toThrow('not a socket');
    expect(existsSync(facts.address)).toBe(true);
  });

  test('a link in place of its directory is refused', async () => {
    const dataDir = tempDir();
    const facts = engineFacts(dataDir);
    symlinkSync(tempDir(), dirname(facts.address));
    await expect(listen(facts)).rejects.toThrow('belongs to someone else');
  });

  test('a data directory too deep for a socket gets a hashed address that works', async () => {
    const deep = join(tempDir(), 'd'.repeat(60), 'e'.repeat(60));
    mkdirSync(deep, { recursive: true });
    const facts = engineFacts(deep);
    cleanups.push(() => rmSync(dirname(facts.address), { recursive: true, force: true }));
    expect(facts.address.startsWith(deep)).toBe(false);
    await listen(facts);
    expect(statSync(dirname(facts.address)).mode & 0o777).toBe(0o700);
    expect(statSync(facts.address).mode & 0o777).toBe(0o600);
    const client = await clientOf(facts);
    expect(await client.call('status', {})).toEqual(statusView());
  });
});

describe('limits', () => {
  test('a client that does not read is dropped, and the others go on', async () => {
    const { facts, server } = await listen(engineFacts(tempDir()));
    const good = await clientOf(facts);
    // Says hello and then never reads.
    const lazy = connect(facts.address, () => {
      lazy.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'hello', params: { token: facts.token } })}\n`);
    });
    lazy.on('error', () => undefined);
    cleanups.push(() => void lazy.destroy());
    await until('both are in', () => server.connections.size === 2);
    const [, slow] = [...server.connections];
    const bulky = eventView({ details: { text: 'x'.repeat(1024 * 1024) } });
    let sentBytes = 0;
    while (!slow!.closed.aborted && sentBytes < 3 * MAX_QUEUED_BYTES) {
      slow!.notify('event', bulky);
      sentBytes += 1024 * 1024;
    }
    expect(slow!.closed.aborted).toBe(true);
    expect(sentBytes).toBeGreaterThanOrEqual(MAX_QUEUED_BYTES);
    expect(await good.call('secret.ls', {})).toEqual({ names: [] });
  });

  test('a frame beyond the limit ends the connection', async () => {
    const { facts, server } = await listen(engineFacts(tempDir()));
    const socket = connect(facts.address, () => {
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'hello', params: { token: facts.token } })}\n`);
    });
    socket.on('error', () => undefined);
    cleanups.push(() => void socket.destroy());
    await until('it is in', () => server.connections.size === 1);
    const chunk = Buffer.alloc(1024 * 1024, 0x61);
    for (let sent = 0; sent <= MAX_FRAME_BYTES && !socket.destroyed; sent += chunk.length) socket.write(chunk);
    await until('it is out', () => server.connections.size === 0);
  });

  test('a client that sends too large a request is told before anything leaves', async () => {
    const { facts } = await listen(engineFacts(tempDir()));
    const channel: Channel = await connectToSocket(facts);
    cleanups.push(() => channel.close());
    expect(() => channel.send('x'.repeat(MAX_FRAME_BYTES))).toThrow('too large');
  });
});

test('nothing is read before someone listens, and nothing is lost', async () => {
  const facts = engineFacts(tempDir());
  const channels: Channel[] = [];
  const socket = await listenOnSocket({ facts, onChannel: (channel) => channels.push(channel) });
  cleanups.push(() => socket.close());
  const channel = await connectToSocket(facts);
  cleanups.push(() => channel.close());
  for (let index = 0; index < 100; index += 1) channel.send({ index });
  await delay(50);
  const seen: unknown[] = [];
  channels[0]!.onMessage((message) => seen.push(message));
  await until('all are in', () => seen.length === 100);
  expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => ({ index })));
});

test('a refusal travels with its kind', async () => {
  const handlers = plainHandlers({
    rescan: () => Promise.reject(new RpcRefusal({ kind: 'not-found', message: 'There is no such folder.', hint: '' })),
  });
  const { facts } = await listen(engineFacts(tempDir()), handlers);
  const client = await clientOf(facts);
  await expect(client.call('rescan', { folder: 'x' })).rejects.toMatchObject({ failure: { kind: 'not-found' } });
});
