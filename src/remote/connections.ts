import type { Dispatcher } from 'undici';
import Agent from 'undici/lib/dispatcher/agent.js';
import type { ProxyAddress, ProxyResolver } from './proxy.ts';
import { tunnelThrough, type TunnelOptions } from './tunnel.ts';

export interface ConnectionOptions {
  /** Open connections per service, and so requests under way; more wait for one. */
  readonly maxSockets: number;
  /** For name look-up, TCP and TLS together, ms. */
  readonly connectTimeoutMs: number;
  /** Certificate authorities (PEM) to trust in place of the built-in ones. */
  readonly ca: readonly string[] | undefined;
  readonly proxyFor: ProxyResolver;
}

/** How a request gets to a service. */
export interface Route {
  readonly dispatcher: Dispatcher;
  /** Whom to connect to. */
  readonly origin: string;
  /** What stands before the path: a plain proxy wants the whole address. */
  readonly pathPrefix: string;
  /** Names and values in turn, beyond those of the request. */
  readonly headers: readonly string[];
  readonly viaProxy: boolean;
}

/** Idle connections are closed after this, ms, unless the service names another time: less than services usually wait. */
const KEEP_IDLE_MS = 8_000;
/** Of the time that a service names for idle connections, how much is left for the way, ms. */
const IDLE_MARGIN_MS = 1_500;

/** The connections of one store: kept, bounded, and replaced as a whole when the network changes. */
export class Connections {
  readonly #options: ConnectionOptions;
  #direct: Agent;
  #tunnels = new Map<string, Agent>();
  /** Those from before, which end with what is in flight on them. */
  readonly #retired = new Set<Dispatcher>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#direct = this.#newAgent();
  }

  routeTo(origin: string): Route {
    const proxy = this.#options.proxyFor(origin);
    const direct = { dispatcher: this.#direct, origin, pathPrefix: '', headers: [], viaProxy: false };
    if (proxy === null) return direct;
    // What https carries goes through a tunnel; plain http is given to the proxy as it is (RFC 9112 section 3.2.2).
    if (origin.startsWith('https:')) return { ...direct, dispatcher: this.#tunnel(proxy), viaProxy: true };
    const { url, authorization } = proxy;
    const headers = authorization === null ? [] : ['proxy-authorization', authorization];
    return { dispatcher: this.#direct, origin: url, pathPrefix: origin, headers, viaProxy: true };
  }

  /** Requests in flight and in the queue go on; whatever comes now connects anew. */
  refresh(): void {
    for (const old of [this.#direct, ...this.#tunnels.values()]) {
      this.#retired.add(old);
      void old.close().finally(() => this.#retired.delete(old));
    }
    this.#direct = this.#newAgent();
    this.#tunnels = new Map();
  }

  /** Ends everything, in flight or not. */
  destroy(): void {
    for (const one of [this.#direct, ...this.#tunnels.values(), ...this.#retired]) void one.destroy();
    this.#retired.clear();
  }

  #newAgent(): Agent {
    return new Agent({ ...this.#kept(), connect: this.#connect() });
  }

  #tunnel(proxy: ProxyAddress): Agent {
    const key = `${proxy.url} ${proxy.authorization ?? ''}`;
    const known = this.#tunnels.get(key);
    if (known !== undefined) return known;
    const made = new Agent({ ...this.#kept(), connect: tunnelThrough(proxy, this.#connect()) });
    this.#tunnels.set(key, made);
    return made;
  }

  #kept() {
    const { maxSockets } = this.#options;
    return {
      connections: maxSockets,
      pipelining: 1,
      keepAliveTimeout: KEEP_IDLE_MS,
      keepAliveTimeoutThreshold: IDLE_MARGIN_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
  }

  #connect(): TunnelOptions {
    const { connectTimeoutMs, ca } = this.#options;
    return {
      timeout: connectTimeoutMs,
      // Said, so that NODE_TLS_REJECT_UNAUTHORIZED can't turn verification off.
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca: [...ca] }),
    };
  }
}
