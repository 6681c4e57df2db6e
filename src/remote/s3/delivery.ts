import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { ServiceSign } from '../../core/ports.ts';
import { flattenHeaders } from '../headers.ts';
import { looksLikePortal } from './captive-portal.ts';
import { TransferEnded, type ChunkSink, type Exchange, type RawReply, type ReplyHead } from './exchange.ts';
import { decodeBody } from './decode-body.ts';
import type { BodyEvents } from './outgoing-body.ts';

/** All replies that are kept whole are short; a list page of 1,000 parts has about 0.5 MB. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;
/** So much of a body that is handed on may wait for whoever takes it. */
const READ_AHEAD_BYTES = 256 * 1024;
/** The same where nothing can hold it up: beyond this the transfer ends, and goes on later from where it stood. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

export interface DeliveryOptions {
  readonly exchange: Exchange;
  readonly signal: AbortSignal;
  readonly onReply: (sign: ServiceSign) => void;
  /** See `S3Limits.stallTimeoutMs`. */
  readonly stallTimeoutMs: number;
  /** Of the request. */
  readonly method: string;
}

/** How the body travels: whole with the headers, or slice by slice, telling of itself. */
export type BodyManner = { readonly kind: 'whole'; readonly sizeBytes: number } | { readonly kind: 'slices' };

/** One request on its way, from the queue for a connection to the end of the reply. */
export class Delivery implements Dispatcher.DispatchHandler, BodyEvents {
  readonly #options: DeliveryOptions;
  readonly #stop = new AbortController();
  #manner: BodyManner = { kind: 'whole', sizeBytes: 0 };
  #resolve: (reply: RawReply) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #controller: Dispatcher.DispatchController | null = null;
  #timer: NodeJS.Timeout | undefined;
  #settled = false;
  #sentAtMs: number | null = null;
  #head: ReplyHead | null = null;
  #sink: ChunkSink | null = null;
  #chunks: Buffer[] = [];
  #receivedBytes = 0;
  /** Of a body that is handed on: what has come and was not taken yet. */
  #backlogBytes = 0;
  #passing: Promise<unknown> = Promise.resolve();
  #held = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Aborts when this delivery ends, however it does. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Before the request is handed over, which may start it at once. */
  bodyTravels(manner: BodyManner): void {
    this.#manner = manner;
  }

  /** `dispatch` hands the request over to undici, with this as its handler. */
  run(dispatch: () => void): Promise<RawReply> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#options.signal.addEventListener('abort', this.#onAbort, { once: true });
      try {
        dispatch();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  readonly #onAbort = () => this.#fail(this.#options.signal.reason);

  // ------------------------------------------------------------ what undici tells

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It ended while it waited for a connection. To throw leaves that connection to others: nothing was written yet.
    if (this.#settled) throw new TransferEnded('not-wanted');
    this.#controller = controller;
    this.#options.exchange.connected = true;
    if (this.#manner.kind === 'slices') {
      this.#limit(this.#options.stallTimeoutMs, 'stalled');
      return;
    }
    if (this.#manner.sizeBytes > 0) this.#options.exchange.onBytes(this.#manner.sizeBytes);
    this.onEnd();
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (this.#settled) return;
    if (status < 200) {
      this.#timer?.refresh();
      return;
    }
    const { exchange, stallTimeoutMs, onReply } = this.#options;
    this.#head = { status, headers: flattenHeaders(headers) };
    const serverTime = Date.parse(this.#head.headers['date'] ?? '');
    onReply({
      status,
      serverTime: Number.isNaN(serverTime) ? null : serverTime,
      waitedMs: this.#sentAtMs === null ? 0 : performance.now() - this.#sentAtMs,
    });
    // Without a body the reply is at its end already.
    if (this.#head.headers['content-length'] !== '0') this.#limit(stallTimeoutMs, 'stalled');
    if (exchange.receive === null || status >= 300) return;
    try {
      this.#assertFromStorage(Buffer.alloc(0));
      this.#sink = exchange.receive(this.#head);
    } catch (error) {
      this.#fail(error);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    if (this.#sink !== null) {
      // undici tells of an empty piece where it stopped within its buffer: to pause for that would never come to an end.
      if (chunk.length > 0) this.#pass(this.#sink, controller, chunk);
      return;
    }
    this.#timer?.refresh();
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes > MAX_REPLY_BYTES) this.#fail(new TransferEnded('reply-too-long'));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#settled || this.#head === null) return;
    const raw = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks);
    const body = decodeBody(this.#head.headers['content-encoding'], raw, MAX_REPLY_BYTES);
    const reply = { ...this.#head, body };
    this.#options.exchange.reply = reply;
    if (this.#sink !== null) {
      clearTimeout(this.#timer);
      void this.#passing.then(() => this.#end(reply));
      return;
    }
    try {
      this.#assertFromStorage(body);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#end(reply);
  }

  #end(reply: RawReply): void {
    if (this.#settled) return;
    this.#settle();
    this.#resolve(reply);
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#fail(error);
  }

  // ------------------------------------------------------------ what the body tells

  onSent(bytes: number): void {
    if (this.#settled || this.#head !== null) return;
    this.#timer?.refresh();
    this.#options.exchange.onBytes(bytes);
  }

  onEnd(): void {
    if (this.#settled || this.#head !== null) return;
    this.#sentAtMs = performance.now();
    this.#limit(this.#options.exchange.replyTimeoutMs, 'no-reply');
  }

  onHeld(held: boolean): void {
    if (this.#settled || this.#head !== null) return;
    if (held) clearTimeout(this.#timer);
    else this.#limit(this.#options.stallTimeoutMs, 'stalled');
  }

  // ------------------------------------------------------------

  /** Piece by piece, each after the one before; reads on only a little ahead. */
  #pass(sink: ChunkSink, controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#timer?.refresh();
    if (this.#backlogBytes === 0) {
      try {
        const taken = sink(chunk);
        if (taken === undefined) return;
        this.#passing = taken;
      } catch (error) {
        this.#fail(error);
        return;
      }
    } else this.#passing = this.#passing.then(() => (this.#settled ? undefined : sink(chunk)));
    this.#backlogBytes += chunk.length;
    this.#passing = this.#passing.then(
      () => {
        this.#taken(controller, chunk.length);
        return undefined;
      },
      (error: unknown) => this.#fail(error),
    );
    if (this.#backlogBytes <= READ_AHEAD_BYTES || this.#held) return;
    if (this.#head?.headers['connection']?.toLowerCase() === 'close') {
      // undici can't bear that a connection ends while it is paused, and this one is about to end.
      if (this.#backlogBytes > MAX_BACKLOG_BYTES) this.#fail(new TransferEnded('reply-too-long'));
      return;
    }
    // Whoever takes it may be slow; that is no stall of the line.
    this.#held = true;
    controller.pause();
    clearTimeout(this.#timer);
  }

  #taken(controller: Dispatcher.DispatchController, bytes: number): void {
    this.#backlogBytes -= bytes;
    if (this.#settled || !this.#held || this.#backlogBytes > 0) return;
    this.#held = false;
    this.#limit(this.#options.stallTimeoutMs, 'stalled');
    controller.resume();
  }

  #assertFromStorage(body: Buffer): void {
    const { status, headers } = this.#head ?? { status: 0, headers: {} };
    if (looksLikePortal(this.#options.method, { status, headers, body })) throw new TransferEnded('captive-portal');
  }

  #limit(delayMs: number, reason: TransferEnded['reason']): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail(new TransferEnded(reason)), delayMs);
  }

  #settle(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#options.signal.removeEventListener('abort', this.#onAbort);
  }

  #fail(error: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#stop.abort(error);
    // Ends the connection: what was on its way on it has no end any more.
    this.#controller?.abort(error as Error);
    this.#reject(error);
  }
}
