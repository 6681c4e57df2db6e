import { validateHeaderName, validateHeaderValue, type ClientRequest } from 'node:http';
import got, { type Request as GotStream, type Response } from 'got';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { HttpClient, HttpReply, HttpRequest } from '../../core/ports.ts';
import { followConnection } from '../connection.ts';
import { flattenHeaders } from '../headers.ts';
import type { ProxyResolver } from '../proxy.ts';
import { bareUrl } from '../../core/redact-detail.ts';
import { Agents, type AgentPair } from './agents.ts';
import { CallTimedOut, classifyHttpTransport, MalformedCall, type FailedCall } from './classify-http-transport.ts';

export interface HttpClientOptions {
  /** Open connections per service; more calls wait for one. */
  readonly maxSockets: number;
  /** For name look-up, TCP and TLS together, ms; the call's own limit if that is shorter. */
  readonly connectTimeoutMs: number;
  /** Product and version, unless the call has its own User-Agent. */
  readonly userAgent: string;
  /** Certificate authorities (PEM) to trust in place of the built-in ones. */
  readonly ca?: readonly string[];
  /** Asked anew for every call. */
  readonly proxyFor: ProxyResolver;
}

const DEFAULT_HTTP_CLIENT_OPTIONS: HttpClientOptions = {
  maxSockets: 16,
  connectTimeoutMs: 10_000,
  userAgent: 'longshore',
  proxyFor: () => null,
};

const NO_BYTES = new Uint8Array(0);
const PROXY_AUTH_REQUIRED = 407;

type CallProgress = { -readonly [K in 'connected' | 'replying']: FailedCall[K] };

export interface ClosableHttpClient extends HttpClient {
  close(): void;
}

export function createHttpClient(options: Partial<HttpClientOptions> = {}): ClosableHttpClient {
  const settings = { ...DEFAULT_HTTP_CLIENT_OPTIONS, ...options };
  const agents = new Agents(settings);
  return {
    async send(request, signal) {
      signal.throwIfAborted();
      const facts: CallProgress = { connected: false, replying: false };
      try {
        assertHeaders(request.headers);
        const { agent, viaProxy } = agents.route(new URL(request.url).origin);
        const reply = await sendOnce(open(request, settings, agent), request, settings, facts, signal);
        // Of the proxy itself (RFC 9110 section 15.5.8): the service was never asked.
        if (viaProxy && reply.status === PROXY_AUTH_REQUIRED) {
          throw new LongshoreError('net.proxy', { sent: false, subject: bareUrl(request.url) });
        }
        return reply;
      } catch (error) {
        signal.throwIfAborted();
        throw classifyHttpTransport(error, {
          url: request.url,
          ...facts,
          secrets: Object.values(request.headers).filter((value) => value.length >= 8),
        });
      }
    },
    refreshConnections() {
      agents.refresh();
    },
    close() {
      agents.destroy();
    },
  };
}

function open(request: HttpRequest, settings: HttpClientOptions, agent: AgentPair): GotStream {
  const method = request.method.toUpperCase();
  const bodyless = method === 'GET' || method === 'HEAD';
  const origin = new URL(request.url).origin;
  return got.stream(request.url, {
    method,
    headers: { 'user-agent': settings.userAgent, ...lowerCased(request.headers) },
    // Without a body a stream of got's would wait for one to be written.
    ...(request.body === null && bodyless ? {} : { body: request.body ?? NO_BYTES, allowGetBody: true }),
    agent,
    https: { rejectUnauthorized: true },
    retry: { limit: 0 },
    throwHttpErrors: false,
    decompress: true,
    // Within the same origin only: headers hold the provider's secrets, and only some of them are known as such.
    followRedirect: (reply) => bodyless && sameOrigin(reply.headers.location, request.url, origin),
    maxRedirects: 5,
  });
}

function sendOnce(
  stream: GotStream,
  request: HttpRequest,
  settings: HttpClientOptions,
  facts: CallProgress,
  signal: AbortSignal,
): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    let connectTimer: NodeJS.Timeout | undefined;
    const timer = setTimeout(
      () => fail(new CallTimedOut(`no whole reply within ${request.timeoutMs} ms`)),
      request.timeoutMs,
    );
    const settle = () => {
      clearTimeout(timer);
      clearTimeout(connectTimer);
      signal.removeEventListener('abort', onAbort);
      // A stream that is torn down may still complain.
      stream.on('error', () => {});
      stream.destroy();
    };
    const fail = (error: unknown) => {
      settle();
      reject(error);
    };
    const onAbort = () => fail(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });

    stream.on('request', (outgoing: ClientRequest) => {
      followConnection(outgoing, (phase) => {
        clearTimeout(connectTimer);
        if (phase === 'connected') facts.connected = true;
        if (phase !== 'connecting') return;
        const { connectTimeoutMs } = settings;
        connectTimer = setTimeout(
          () => fail(new CallTimedOut(`no connection within ${connectTimeoutMs} ms`)),
          connectTimeoutMs,
        );
      });
    });
    stream.on('error', fail);
    stream.on('response', (incoming: Response) => {
      facts.replying = true;
      const chunks: Buffer[] = [];
      let total = 0;
      const done = (truncated: boolean) => {
        settle();
        const headers = flattenHeaders(incoming.headers);
        resolve({ status: incoming.statusCode, headers, body: Buffer.concat(chunks), truncated });
      };
      stream.on('data', (chunk: Buffer) => {
        const room = request.maxReplyBytes - total;
        total += chunk.length;
        chunks.push(chunk.subarray(0, room));
        if (total > request.maxReplyBytes) done(true);
      });
      stream.on('end', () => done(false));
    });
  });
}

function sameOrigin(location: string | undefined, base: string, origin: string): boolean {
  if (location === undefined || !URL.canParse(location, base)) return false;
  return new URL(location, base).origin === origin;
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function assertHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw new MalformedCall(`header ${JSON.stringify(name)} has a name or value that HTTP does not allow`);
    }
  }
}
