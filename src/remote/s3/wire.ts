import type { Dispatcher } from 'undici';
import type { StoreSurroundings } from '../../core/ports.ts';
import { Delivery } from './delivery.ts';
import type { Exchange, RawReply } from './exchange.ts';
import type { Connections } from '../connections.ts';
import type { S3Limits } from './options.ts';
import { OutgoingBody, takeNow } from './outgoing-body.ts';

/** A signed request, ready to go. */
export interface WireRequest {
  readonly method: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** With its query, encoded as it was signed: nothing is normalised. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | null;
}

/** Bodies up to here go as one piece with their headers: one system call, one report of progress. */
const ONE_PIECE_BYTES = 64 * 1024;

/**
 * The HTTP under the store, for the SDK's requests and for the lean ones. It ends an attempt by what moves, not by total
 * time, reports bytes as the system takes them, paces them, stops at once on abort, and knows whether a connection stood.
 */
export class Wire {
  readonly #connections: Connections;
  readonly #limits: S3Limits;
  readonly #surroundings: StoreSurroundings;

  constructor(connections: Connections, limits: S3Limits, surroundings: StoreSurroundings) {
    this.#connections = connections;
    this.#limits = limits;
    this.#surroundings = surroundings;
  }

  /** Rejects with the signal's reason, a `TransferEnded`, what `exchange.receive` threw, or an error of the network. */
  send(request: WireRequest, exchange: Exchange, signal: AbortSignal): Promise<RawReply> {
    signal.throwIfAborted();
    Object.assign(exchange, { started: true, connected: false, viaProxy: false, reply: null });
    const { onReply } = this.#surroundings;
    const delivery = new Delivery({
      exchange,
      signal,
      onReply,
      stallTimeoutMs: this.#limits.stallTimeoutMs,
      method: request.method,
    });
    return delivery.run(() => {
      const route = this.#connections.routeTo(request.origin);
      exchange.viaProxy = route.viaProxy;
      const body = this.#bodyOf(request.body, delivery);
      const options: Dispatcher.DispatchOptions = {
        origin: route.origin,
        path: route.pathPrefix + request.path,
        method: request.method,
        headers: [...request.headers, ...route.headers],
        // The types know no async iterable; the documentation and the code do.
        body: body as Buffer,
        // Undici closes the connection after HEAD, for servers that send a body where there must be none.
        reset: false,
        idempotent: false,
        headersTimeout: 0,
        bodyTimeout: 0,
      };
      route.dispatcher.dispatch(options, delivery);
    });
  }

  #bodyOf(body: Uint8Array | null, delivery: Delivery): Buffer | OutgoingBody | null {
    if (body === null || body.length === 0) return null;
    const { throttle } = this.#surroundings;
    let first: { readonly granted: number; readonly next: Promise<void> | null } = { granted: 0, next: null };
    if (body.length <= ONE_PIECE_BYTES) {
      const part = takeNow(throttle, body.length, delivery.signal);
      if (part === null) {
        delivery.bodyTravels({ kind: 'whole', sizeBytes: body.length });
        return asBuffer(body);
      }
      first = part;
    }
    delivery.bodyTravels({ kind: 'slices' });
    return new OutgoingBody(asBuffer(body), throttle, first, delivery, delivery.signal);
  }
}

/** The same memory. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
