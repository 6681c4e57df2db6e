import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { ProxyAddress, ProxyResolver } from '../proxy.ts';

export interface AgentPair {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

export interface AgentsOptions {
  /** Open connections per service; more calls wait for one. */
  readonly maxSockets: number;
  /** Certificate authorities (PEM) to trust in place of the built-in ones. */
  readonly ca?: readonly string[];
  readonly proxyFor: ProxyResolver;
}

/** Kept connections for calls, those through each proxy apart from the direct ones. */
export class Agents {
  readonly #options: AgentsOptions;
  #pairs = new Map<string, AgentPair>();
  readonly #retired = new Set<AgentPair>();

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  /** Whom to send a request for `origin` through. */
  route(origin: string): { readonly agent: AgentPair; readonly viaProxy: boolean } {
    const proxy = this.#options.proxyFor(origin);
    const url = proxy === null ? '' : withUser(proxy);
    const known = this.#pairs.get(url);
    if (known !== undefined) return { agent: known, viaProxy: proxy !== null };
    const made = this.#make(url);
    this.#pairs.set(url, made);
    return { agent: made, viaProxy: proxy !== null };
  }

  /** Calls in flight go on; whatever comes now connects anew. */
  refresh(): void {
    const old = [...this.#pairs.values()];
    this.#pairs = new Map();
    for (const pair of old) {
      this.#retired.add(pair);
      for (const agent of [pair.http, pair.https]) {
        for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
        // Node asks it when a call ends: then its connection is closed and not kept.
        Object.assign(agent, { keepAlive: false });
      }
    }
    for (const pair of this.#retired) if (!isBusy(pair.http) && !isBusy(pair.https)) this.#retired.delete(pair);
  }

  destroy(): void {
    for (const { http, https } of [...this.#pairs.values(), ...this.#retired]) {
      http.destroy();
      https.destroy();
    }
    this.#retired.clear();
  }

  #make(proxyUrl: string): AgentPair {
    const { maxSockets, ca } = this.#options;
    // Node's own proxy support (from 24.5): plain http goes to the proxy whole, https through a tunnel.
    const proxyEnv = proxyUrl === '' ? {} : { proxyEnv: { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl } };
    const kept: AgentOptions = { keepAlive: true, maxSockets, ...proxyEnv };
    return {
      http: new HttpAgent(kept),
      // Said, so that NODE_TLS_REJECT_UNAUTHORIZED can't turn verification off.
      https: new HttpsAgent({ ...kept, rejectUnauthorized: true, ...(ca === undefined ? {} : { ca: [...ca] }) }),
    };
  }
}

function isBusy(agent: HttpAgent): boolean {
  return Object.keys(agent.sockets).length > 0 || Object.keys(agent.requests).length > 0;
}

/** The address with its user info, as Node wants it. */
function withUser({ url, authorization }: ProxyAddress): string {
  if (authorization === null) return url;
  const text = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
  const colon = text.indexOf(':');
  const full = new URL(url);
  full.username = encodeURIComponent(text.slice(0, colon));
  full.password = encodeURIComponent(text.slice(colon + 1));
  return full.href;
}
