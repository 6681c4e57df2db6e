import type { OnBytes } from '../../core/ports.ts';

/** Everything that came back. */
export interface RawReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * One request and what is known of it, filled by the transport while the SDK works: the SDK's errors don't tell whether
 * the service got anything. Over several pages of a list it tells of the last request.
 */
export interface Exchange {
  readonly onBytes: OnBytes;
  /** See `S3Limits.replyTimeoutMs`. */
  readonly replyTimeoutMs: number;
  /** The SDK handed over a signed request. */
  started: boolean;
  /** A connection stood, so the service may have got something. */
  connected: boolean;
  /** Set once the reply came to its end. */
  reply: RawReply | null;
}

export function newExchange(onBytes: OnBytes, replyTimeoutMs: number): Exchange {
  return { onBytes, replyTimeoutMs, started: false, connected: false, reply: null };
}

/** An end that the transport itself brought about. */
export class TransferEnded extends Error {
  override readonly name = 'TransferEnded';
  readonly reason: 'connect-timeout' | 'stalled' | 'no-reply' | 'reply-too-long' | 'reply-cut';

  constructor(reason: TransferEnded['reason']) {
    super(`the transfer was ended: ${reason}`);
    this.reason = reason;
  }
}
