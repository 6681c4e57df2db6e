import { connect, type Socket } from 'node:net';
import type { Channel } from './channel.ts';
import type { EngineFacts } from './engine-file.ts';
import { HELLO_DEADLINE_MS, helloReply, isSameSecret } from './hello.ts';
import { SocketChannel } from './socket-channel.ts';

/**
 * Why there is no connection. `absent`: nobody listens there; `refused`: the other side hung up, as an engine does that
 * has another token by now; `silent`: it took the connection and says nothing; `impostor`: it is not our engine.
 */
export type ConnectFailure = 'absent' | 'refused' | 'silent' | 'impostor';

export class SocketConnectError extends Error {
  override readonly name = 'SocketConnectError';
  readonly failure: ConnectFailure;

  constructor(failure: ConnectFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** Connects to the engine of these facts and says hello. Rejects with `SocketConnectError` within the deadline. */
export function connectToSocket(facts: EngineFacts, deadlineMs = HELLO_DEADLINE_MS): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const socket = connect(facts.address);
    // Before the channel's own listener, which would only tell that it ended.
    socket.once('error', (error: NodeJS.ErrnoException) => settle(errorOf(error)));
    const channel = new SocketChannel(socket);
    let isSettled = false;
    const settle = (error: SocketConnectError | null) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      if (error === null) {
        resolve(channel);
        return;
      }
      channel.drop(error.message);
      reject(error);
    };
    const timer = setTimeout(() => settle(new SocketConnectError('silent', 'The engine does not answer.')), deadlineMs);
    channel.onClose(() => settle(new SocketConnectError('refused', 'The engine closed the connection.')));
    channel.onNextMessage((message) => settle(checkReply(message, facts)));
    sayHello(socket, channel, facts);
  });
}

function sayHello(socket: Socket, channel: SocketChannel, facts: EngineFacts): void {
  socket.once('connect', () => {
    channel.send({ jsonrpc: '2.0', id: 0, method: 'hello', params: { token: facts.token } });
  });
}

function checkReply(message: unknown, facts: EngineFacts): SocketConnectError | null {
  const reply = helloReply.safeParse(message);
  if (reply.success && isSameSecret(reply.data.result.nonce, facts.nonce)) return null;
  return new SocketConnectError('impostor', 'Another program listens at the address of the engine.');
}

const NOBODY = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR', 'EINVAL']);

function errorOf(error: NodeJS.ErrnoException): SocketConnectError {
  const isAbsent = error.code !== undefined && NOBODY.has(error.code);
  return new SocketConnectError(
    isAbsent ? 'absent' : 'refused',
    `No connection to the engine (${error.code ?? error.message}).`,
  );
}
