import type { OnBytes } from '../../core/ports.ts';

/** Everything that came back. */
export interface RawReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Status and headers of a reply whose body is still on its way. */
export type ReplyHead = Omit<RawReply, 'body'>;

/** Takes a body in pieces; the next comes when the promise is settled. */
export type ChunkSink = (chunk: Buffer) => Promise<void> | void;

/**
 * One request and what is known of it, filled by the wire while the SDK works: the SDK's errors don't tell whether
 * the service got anything. Over several pages of a list it tells of the last request.
 */
export interface Exchange {
  readonly onBytes: OnBytes;
  /** See `S3Limits.replyTimeoutMs`. */
  readonly replyTimeoutMs: number;
  /** Where the body of a good reply goes, in place of `RawReply.body`; throws when the reply is not what was asked for. */
  readonly receive: ((head: ReplyHead) => ChunkSink) | null;
  /** A signed request was handed over. */
  started: boolean;
  /** A connection stood, so the service may have got something. */
  connected: boolean;
  /** The request goes through a proxy. */
  viaProxy: boolean;
  /** Set once the reply came to its end. */
  reply: RawReply | null;
}

export function newExchange(onBytes: OnBytes, replyTimeoutMs: number, receive: Exchange['receive'] = null): Exchange {
  return { onBytes, replyTimeoutMs, receive, started: false, connected: false, viaProxy: false, reply: null };
}

/** An end that the wire itself brought about. */
export class TransferEnded extends Error {
  override readonly name = 'TransferEnded';
  readonly reason: 'stalled' | 'no-reply' | 'reply-too-long' | 'captive-portal' | 'not-wanted';

  constructor(reason: TransferEnded['reason']) {
    super(`the transfer was ended: ${reason}`);
    this.reason = reason;
  }
}
