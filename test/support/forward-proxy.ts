/**
 * An HTTP proxy as offices have them: takes plain requests with the whole address (RFC 9112, section 3.2.2) and tunnels
 * (CONNECT), and knows names that nobody else can resolve. What goes through it is counted.
 */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ForwardProxyOptions {
  /** Host names (without port) that it sends to a port of this machine. */
  readonly hosts: Readonly<Record<string, number>>;
  /** `user:password` that it asks for, percent-encoded as in an address. */
  readonly user?: string;
  /** Default: any free one. */
  readonly port?: number;
}

export class ForwardProxy {
  /** `METHOD http://…` or `CONNECT host:port`, in order, those that it refused left out. */
  readonly served: string[] = [];
  /** How often it asked for a log-in. */
  refused = 0;
  readonly #options: ForwardProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  #port = 0;

  private constructor(options: ForwardProxyOptions) {
    this.#options = options;
    this.#server = createServer((incoming, outgoing) => this.#forward(incoming, outgoing));
    this.#server.on('connect', (incoming, socket) => this.#tunnel(incoming, socket));
    this.#server.on('connection', (socket) => this.#keep(socket));
  }

  static async start(options: ForwardProxyOptions): Promise<ForwardProxy> {
    const proxy = new ForwardProxy(options);
    await new Promise<void>((resolve) => proxy.#server.listen(options.port ?? 0, '127.0.0.1', resolve));
    proxy.#port = (proxy.#server.address() as AddressInfo).port;
    return proxy;
  }

  /** Its address, with the user info that it asks for. */
  get url(): string {
    return `http://${this.#options.user === undefined ? '' : `${this.#options.user}@`}127.0.0.1:${this.#port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (!this.#mayPass(incoming)) {
      outgoing.writeHead(407, { 'proxy-authenticate': 'Basic' }).end('log in first');
      return;
    }
    const url = URL.canParse(incoming.url ?? '') ? new URL(incoming.url ?? '') : null;
    const port = url === null ? undefined : this.#options.hosts[url.hostname];
    if (url === null || port === undefined) {
      outgoing.writeHead(502, { 'content-type': 'text/plain' }).end('unknown host');
      return;
    }
    this.served.push(`${incoming.method} ${url.href}`);
    const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = incoming.headers;
    const path = (incoming.url ?? '').slice(url.origin.length);
    const onward = request({ host: '127.0.0.1', port, method: incoming.method, path, headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  }

  #tunnel(incoming: IncomingMessage, socket: Duplex): void {
    this.#keep(socket);
    const [host = ''] = (incoming.url ?? '').split(':');
    const port = this.#options.hosts[host];
    if (!this.#mayPass(incoming) || port === undefined) {
      socket.end(`HTTP/1.1 ${port === undefined ? '502 Bad Gateway' : '407 Proxy Authentication Required'}\r\n\r\n`);
      return;
    }
    this.served.push(`CONNECT ${incoming.url}`);
    const onward: Socket = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    this.#keep(onward);
  }

  #mayPass(incoming: IncomingMessage): boolean {
    const { user } = this.#options;
    if (user === undefined) return true;
    const expected = Buffer.from(decodeURIComponent(user)).toString('base64');
    const passes = incoming.headers['proxy-authorization'] === `Basic ${expected}`;
    if (!passes) this.refused += 1;
    return passes;
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
