import { Readable } from 'node:stream';
import type { Connections } from '../connections.ts';
import { newExchange, type Exchange } from './exchange.ts';
import { encodeRfc3986 } from './sigv4.ts';
import type { Wire } from './wire.ts';

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

/** What `send` gets besides the SDK's own options; the SDK passes it through untouched. */
export interface TransportOptions {
  readonly abortSignal: AbortSignal;
  readonly exchange: Exchange;
}

/** Requests of the SDK's own, without an exchange (to open an S3 Express session), have this long for a reply, ms. */
const OWN_REQUEST_TIMEOUT_MS = 60_000;
const NEVER = new AbortController().signal;

/** The wire under the SDK, in the form in which it wants its HTTP handler. */
export class S3Transport {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly #wire: Wire;
  readonly #connections: Connections;

  constructor(wire: Wire, connections: Connections) {
    this.#wire = wire;
    this.#connections = connections;
  }

  async handle(request: SignedRequest, options?: unknown): Promise<SdkResponse> {
    const { abortSignal = NEVER, exchange = newExchange(() => {}, OWN_REQUEST_TIMEOUT_MS) } = (options ??
      {}) as Partial<TransportOptions>;
    const port = request.port === undefined ? '' : `:${request.port}`;
    const reply = await this.#wire.send(
      {
        method: request.method,
        origin: `${request.protocol}//${request.hostname}${port}`,
        path: request.path + queryString(request.query),
        headers: Object.entries(request.headers).flat(),
        body: bodyBytes(request.body),
      },
      exchange,
      abortSignal,
    );
    // The SDK changes the reply as it works on it.
    return { response: { statusCode: reply.status, headers: { ...reply.headers }, body: Readable.from([reply.body]) } };
  }

  destroy(): void {
    this.#connections.destroy();
  }

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  updateHttpClientConfig(): void {
    // Nothing of it may be changed from outside.
  }
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
      if (value === null || value === undefined) return [encodeRfc3986(name)];
      return (typeof value === 'string' ? [value] : value).map((one) => `${encodeRfc3986(name)}=${encodeRfc3986(one)}`);
    });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
