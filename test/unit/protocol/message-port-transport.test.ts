import { EventEmitter, once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { messagePortChannel, type MessagePortLike } from '../../../src/protocol/message-port-transport.ts';
import { RpcClient } from '../../../src/protocol/rpc-client.ts';
import { RpcDisconnected } from '../../../src/protocol/rpc-errors.ts';
import { RpcServer } from '../../../src/protocol/rpc-server.ts';
import { plainHandlers, statusView } from '../../support/protocol-fixtures.ts';

/** As Electron does it: the message comes in an event's `data`, and only after `start`. */
class ElectronPort extends EventEmitter implements MessagePortLike {
  peer: ElectronPort | null = null;
  #isStarted = false;
  #kept: unknown[] = [];

  postMessage(message: unknown): void {
    const copy = structuredClone(message);
    setImmediate(() => this.peer?.receive(copy));
  }

  start(): void {
    this.#isStarted = true;
    for (const message of this.#kept.splice(0)) this.emit('message', { data: message, ports: [] });
  }

  close(): void {
    this.emit('close');
    this.peer?.emit('close');
  }

  receive(message: unknown): void {
    if (this.#isStarted) this.emit('message', { data: message, ports: [] });
    else this.#kept.push(message);
  }
}

function electronPorts(): readonly [ElectronPort, ElectronPort] {
  const [a, b] = [new ElectronPort(), new ElectronPort()];
  a.peer = b;
  b.peer = a;
  return [a, b];
}

describe('the contract over a message port', () => {
  test('between Node’s ports', async () => {
    const { port1, port2 } = new MessageChannel();
    new RpcServer({ handlers: plainHandlers() }).accept(messagePortChannel(port1));
    const client = new RpcClient(messagePortChannel(port2));
    expect(await client.call('status', {})).toEqual(statusView());
    const gone = once(port1, 'close');
    client.close();
    await gone;
  });

  test('between Electron’s ports, whose messages come in events', async () => {
    const [a, b] = electronPorts();
    const client = new RpcClient(messagePortChannel(b));
    const reply = client.call('secret.ls', {});
    new RpcServer({ handlers: plainHandlers() }).accept(messagePortChannel(a));
    expect(await reply).toEqual({ names: [] });
  });

  test('a port that closes fails what waits', async () => {
    const [a, b] = electronPorts();
    const client = new RpcClient(messagePortChannel(b));
    new RpcServer({ handlers: plainHandlers({ status: () => new Promise(() => undefined) }) }).accept(
      messagePortChannel(a),
    );
    const waiting = client.call('status', {});
    a.close();
    await expect(waiting).rejects.toBeInstanceOf(RpcDisconnected);
  });

  test('a process that exits fails what waits', async () => {
    const emitter = new EventEmitter();
    const child = Object.assign(emitter, { postMessage: () => undefined }) satisfies MessagePortLike;
    const client = new RpcClient(messagePortChannel(child));
    const waiting = client.call('status', {});
    emitter.emit('exit', 1);
    await expect(waiting).rejects.toBeInstanceOf(RpcDisconnected);
  });
});
