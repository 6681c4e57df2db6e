import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Channel } from './channel.ts';
import type { EngineFacts } from './engine-file.ts';
import { MAX_FRAME_BYTES } from './frame.ts';
import { HELLO_DEADLINE_MS, HELLO_MAX_BYTES, helloRequest, isSameSecret, type HelloResult } from './hello.ts';
import { preparePrivateDirectory } from './socket-address.ts';
import { SocketChannel } from './socket-channel.ts';

/** Clients at once, those included that have not said hello; more are closed at once. */
const MAX_CONNECTIONS = 128;

export interface SocketServerOptions {
  readonly facts: EngineFacts;
  /** A client that has shown the token. */
  readonly onChannel: (channel: Channel) => void;
  /** A client that was turned away, and why; holds nothing that it sent. */
  readonly onRefused?: (reason: string) => void;
  readonly helloDeadlineMs?: number;
}

export interface SocketServer {
  /** Stops listening, lets replies under way leave for up to 1 s, and ends all connections. */
  close(): Promise<void>;
}

/**
 * Listens at `facts.address`. Only the holder of the engine's lock may call it: a socket file that is there already is
 * what a crash left, and is replaced. Rejects when the address can't be had.
 */
export async function listenOnSocket(options: SocketServerOptions): Promise<SocketServer> {
  const { address } = options.facts;
  const isPipe = process.platform === 'win32';
  if (!isPipe) {
    preparePrivateDirectory(address);
    removeStaleSocket(address);
  }
  const channels = new Set<SocketChannel>();
  const server = createServer((socket) => {
    const channel = greet(socket, options);
    channels.add(channel);
    channel.onClose(() => channels.delete(channel));
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listening(server, address);
  // The directory keeps everyone else out until this stands.
  if (!isPipe) chmodSync(address, 0o600);
  return { close: () => closeServer(server, channels) };
}

function greet(socket: Socket, options: SocketServerOptions): SocketChannel {
  const channel = new SocketChannel(socket, HELLO_MAX_BYTES);
  const refuse = (reason: string) => {
    channel.drop(reason);
    options.onRefused?.(reason);
  };
  const timer = setTimeout(() => refuse('no hello in time'), options.helloDeadlineMs ?? HELLO_DEADLINE_MS);
  channel.onClose(() => clearTimeout(timer));
  channel.onNextMessage((message) => {
    clearTimeout(timer);
    const hello = helloRequest.safeParse(message);
    if (!hello.success) {
      refuse('the first message is no hello');
      return;
    }
    const { version, pid, token, nonce } = options.facts;
    if (!isSameSecret(hello.data.params.token, token)) {
      refuse('the token is not ours');
      return;
    }
    channel.maxFrameBytes = MAX_FRAME_BYTES;
    const result: HelloResult = { version, pid, nonce };
    channel.send({ jsonrpc: '2.0', id: hello.data.id, result });
    options.onChannel(channel);
  });
  return channel;
}

function removeStaleSocket(address: string): void {
  const facts = lstatSync(address, { throwIfNoEntry: false });
  if (facts === undefined) return;
  if (!facts.isSocket()) throw new Error(`${address} is in the way: it is not a socket.`);
  rmSync(address, { force: true });
}

function listening(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server, channels: ReadonlySet<SocketChannel>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const channel of channels) channel.close();
  });
}
