/**
 * A bad line between the engine and a real server: a TCP proxy that cuts, stalls, half-closes and slows connections. It
 * knows nothing of HTTP, so it hits requests and replies at any byte.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface BadLine {
  /** Mean bytes that a connection carries, both ways together, before something happens to it. */
  readonly bytesBetweenFaults: number;
  /** How long a stalled connection stands still before it is cut, ms. */
  readonly stallMs: number;
  /** What the line carries in one direction, over all connections; 0: no limit. */
  readonly bytesPerSecond: number;
}

export type LineFault = 'reset' | 'stall' | 'half-close' | 'close';

const FAULTS: readonly LineFault[] = ['reset', 'reset', 'stall', 'half-close', 'close'];
const SLICE_MS = 20;

/** The bytes of one direction of all connections share one allowance, renewed every slice of time. */
class Allowance {
  readonly #perSlice: number;
  #left: number;
  #waiting: (() => void)[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(bytesPerSecond: number) {
    this.#perSlice = Math.ceil((bytesPerSecond * SLICE_MS) / 1000);
    this.#left = this.#perSlice;
    this.#timer = setInterval(() => {
      this.#left = this.#perSlice;
      for (const resolve of this.#waiting.splice(0)) resolve();
    }, SLICE_MS);
  }

  /** How many of `wanted` bytes may go now; waits until it is at least one. */
  async take(wanted: number): Promise<number> {
    while (this.#left <= 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const taken = Math.min(wanted, this.#left);
    this.#left -= taken;
    return taken;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#left = Number.POSITIVE_INFINITY;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Resolves when the socket takes more, or will never. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}

export class FaultProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #line: BadLine;
  readonly #fraction: () => number;
  readonly #sockets = new Set<Socket>();
  readonly #allowance: Allowance | null;
  #calm = false;
  /** How often each fault happened. */
  readonly faults: Record<LineFault, number> = { reset: 0, stall: 0, 'half-close': 0, close: 0 };
  connections = 0;
  /** Bytes that the line has carried to the server, headers included. */
  bytesToServer = 0;

  private constructor(targetPort: number, line: BadLine, fraction: () => number) {
    this.#targetPort = targetPort;
    this.#line = line;
    this.#fraction = fraction;
    this.#allowance = line.bytesPerSecond > 0 ? new Allowance(line.bytesPerSecond) : null;
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      this.#serve(client);
    });
  }

  /** `target` is the server's address; `fraction` gives numbers in [0, 1), so that a seed repeats the same faults. */
  static async start(target: string, line: BadLine, fraction: () => number): Promise<FaultProxy> {
    const proxy = new FaultProxy(Number(new URL(target).port), line, fraction);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on the line is good; what stands still goes on to its end. */
  calm(): void {
    this.#calm = true;
    this.#allowance?.close();
  }

  async close(): Promise<void> {
    this.calm();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(client: Socket): void {
    this.connections += 1;
    const server = connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true });
    // Exponentially distributed: a connection has no memory of what it has carried.
    let bytesLeft = -Math.log(1 - this.#fraction()) * this.#line.bytesBetweenFaults;
    let standsStill: Promise<void> | null = null;
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {
        client.destroy();
        server.destroy();
      });
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroySoon();
        server.destroySoon();
      });
    }
    const carry = async (from: Socket, to: Socket): Promise<void> => {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        for (let at = 0; at < chunk.length;) {
          const size = (await this.#allowance?.take(chunk.length - at)) ?? chunk.length - at;
          bytesLeft -= size;
          if (bytesLeft <= 0 && !this.#calm) {
            bytesLeft = Number.POSITIVE_INFINITY;
            // What came before the fault arrives in part.
            to.write(chunk.subarray(at, at + Math.floor(size * this.#fraction())));
            standsStill = this.#happen(client, server);
          }
          if (standsStill !== null) await standsStill;
          if (to.destroyed) return;
          // Half closed: what still comes goes nowhere, and nobody tells the one who sends it.
          if (to.writableEnded) break;
          if (to === server) this.bytesToServer += size;
          if (!to.write(chunk.subarray(at, at + size))) await drained(to);
          at += size;
        }
      }
      if (!to.destroyed) to.end();
    };
    carry(client, server).catch(() => client.destroy());
    carry(server, client).catch(() => server.destroy());
  }

  /** Resolves when bytes may flow again; after most faults none ever will. */
  async #happen(client: Socket, server: Socket): Promise<void> {
    const fault = FAULTS[Math.floor(this.#fraction() * FAULTS.length)] ?? 'reset';
    this.faults[fault] += 1;
    switch (fault) {
      case 'reset':
        client.resetAndDestroy();
        server.resetAndDestroy();
        break;
      case 'close':
        client.destroy();
        server.destroy();
        break;
      case 'half-close':
        // The client sees the end of the reply and may still send; the server hears nothing of it.
        client.end();
        break;
      case 'stall':
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, this.#line.stallMs);
          client.once('close', () => {
            clearTimeout(timer);
            resolve();
          });
        });
        client.destroy();
        server.destroy();
        break;
    }
  }
}
