import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { followConnection } from '../connection.ts';
import { flattenHeaders } from '../headers.ts';
import { TransferEnded, type Exchange } from './exchange.ts';
import type { S3Limits } from './options.ts';
import { sendBody } from './send-body.ts';

/** A signed request as the SDK hands it over (its `HttpRequest`), as far as it matters here. */
interface SignedRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What the SDK reads of a reply (its `HttpResponse`). */
interface SdkResponse {
  readonly response: { statusCode: number; headers: Record<string, string>; body: Readable };
}

/** All replies of the requests that we make are short; a list page of 1,000 parts has about 0.5 MB. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;

/** What `send` gets besides the SDK's own options; the SDK passes it through untouched. */
export interface TransportOptions {
  readonly abortSignal: AbortSignal;
  readonly exchange: Exchange;
}

/**
 * The HTTP under the SDK. Its own handler can't say whether a connection stood, counts the wait for a free socket as
 * connecting, and knows no stall: this one ends an attempt by what moves, not by total time, reports bytes as the system
 * takes them, and stops at once on abort.
 */
export class S3Transport {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly #limits: S3Limits;
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };

  constructor(limits: S3Limits, ca: readonly string[] | undefined) {
    this.#limits = limits;
    const keepAlive = { keepAlive: true, maxSockets: limits.maxSockets, maxFreeSockets: limits.maxSockets };
    // Said, so that NODE_TLS_REJECT_UNAUTHORIZED can't turn verification off.
    const tls = { ...keepAlive, rejectUnauthorized: true };
    this.#agents = {
      http: new HttpAgent(keepAlive),
      https: new HttpsAgent(ca === undefined ? tls : { ...tls, ca: [...ca] }),
    };
  }

  async handle(request: SignedRequest, options?: unknown): Promise<SdkResponse> {
    const { abortSignal, exchange } = options as TransportOptions;
    abortSignal.throwIfAborted();
    Object.assign(exchange, { started: true, connected: false, reply: null });
    const target = {
      method: request.method,
      host: request.hostname.replace(/^\[(.*)\]$/, '$1'),
      path: request.path + queryString(request.query),
      headers: request.headers,
      ...(request.port === undefined ? {} : { port: request.port }),
    };
    const outgoing =
      request.protocol === 'https:'
        ? httpsRequest({ ...target, agent: this.#agents.https })
        : httpRequest({ ...target, agent: this.#agents.http });
    const reply = await this.#converse(outgoing, bodyBytes(request.body), exchange, abortSignal);
    exchange.reply = reply;
    // The SDK changes the reply as it works on it.
    return { response: { statusCode: reply.status, headers: { ...reply.headers }, body: Readable.from([reply.body]) } };
  }

  destroy(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  updateHttpClientConfig(): void {
    // Nothing of it may be changed from outside.
  }

  #converse(
    outgoing: ClientRequest,
    body: Uint8Array | null,
    exchange: Exchange,
    signal: AbortSignal,
  ): Promise<NonNullable<Exchange['reply']>> {
    const { connectTimeoutMs, stallTimeoutMs } = this.#limits;
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      let sent = false;
      let settled = false;
      const limit = (delayMs: number, reason: TransferEnded['reason']) => {
        clearTimeout(timer);
        timer = setTimeout(() => fail(new TransferEnded(reason)), delayMs);
      };
      const settle = () => {
        settled = true;
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const fail = (error: unknown) => {
        settle();
        // Errors that follow are consequences of this one.
        outgoing.on('error', () => {});
        outgoing.destroy();
        reject(error);
      };
      const onAbort = () => fail(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });

      followConnection(outgoing, (phase) => {
        if (phase === 'connecting') limit(connectTimeoutMs, 'connect-timeout');
        if (phase !== 'connected') return;
        exchange.connected = true;
        if (sent) limit(exchange.replyTimeoutMs, 'no-reply');
        else limit(stallTimeoutMs, 'stalled');
      });
      let replying = false;
      sendBody(outgoing, body, {
        wanted: () => !replying && !signal.aborted,
        onSent(bytes) {
          if (replying) return;
          timer?.refresh();
          exchange.onBytes(bytes);
        },
        onEnd() {
          sent = true;
          if (!replying && exchange.connected) limit(exchange.replyTimeoutMs, 'no-reply');
        },
      });
      outgoing.on('error', fail);
      outgoing.on('close', () => {
        if (!settled) fail(new TransferEnded('reply-cut'));
      });
      outgoing.on('response', (incoming) => {
        replying = true;
        limit(stallTimeoutMs, 'stalled');
        collect(incoming, {
          onMove: () => timer?.refresh(),
          onBody(replyBody) {
            settle();
            // A reply before the end of the body is a refusal: what is left of the body has no use, nor has its connection.
            if (!outgoing.writableFinished) outgoing.destroy();
            resolve({ status: incoming.statusCode ?? 0, headers: flattenHeaders(incoming.headers), body: replyBody });
          },
          onError: fail,
        });
      });
    });
  }
}

interface ReplyEvents {
  onMove(): void;
  onBody(body: Buffer): void;
  onError(error: unknown): void;
}

function collect(incoming: IncomingMessage, events: ReplyEvents): void {
  const chunks: Buffer[] = [];
  let total = 0;
  incoming.on('data', (chunk: Buffer) => {
    events.onMove();
    total += chunk.length;
    if (total > MAX_REPLY_BYTES) events.onError(new TransferEnded('reply-too-long'));
    else chunks.push(chunk);
  });
  incoming.on('error', (error) => events.onError(error));
  incoming.on('end', () => events.onBody(Buffer.concat(chunks)));
  // Without "end" or "error": the connection went away in the middle.
  incoming.on('close', () => events.onError(new TransferEnded('reply-cut')));
}

function bodyBytes(body: unknown): Uint8Array | null {
  if (body === undefined || body === null) return null;
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  throw new TypeError('the request has a body of an unknown kind');
}

/** As the signature has it: RFC 3986, names sorted, lists repeated. */
function queryString(query: SignedRequest['query']): string {
  const pairs = Object.keys(query ?? {})
    .sort()
    .flatMap((name) => {
      const value = query?.[name];
      if (value === null || value === undefined) return [encode(name)];
      return (typeof value === 'string' ? [value] : value).map((one) => `${encode(name)}=${encode(one)}`);
    });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
