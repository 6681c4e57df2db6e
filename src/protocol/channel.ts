/** A two-way, ordered stream of JSON values between two peers: what every transport offers and the RPC peers use. */
export interface Channel {
  /** Sends one JSON value. Does nothing once closed. Throws `MessageTooLarge` where the transport has a limit. */
  send(message: unknown): void;
  /** The one receiver. Messages that come before it is set are kept for it. */
  onMessage(listener: (message: unknown) => void): void;
  /** Called once when the channel ends, for whatever reason; soon, if it has ended already. */
  onClose(listener: (reason: string) => void): void;
  /** Lets what was sent go out, then ends the channel. May be called twice. */
  close(): void;
}

/** A message beyond the transport's limit. The channel stays usable. */
export class MessageTooLarge extends Error {
  override readonly name = 'MessageTooLarge';
}

/**
 * Two ends in one process, for a host that talks to its own engine. Nothing is copied on the way: both peers decode what
 * they send and what they get by its schema, which makes it anew each time.
 */
export function createChannelPair(): readonly [Channel, Channel] {
  const a = new PairEnd();
  const b = new PairEnd();
  a.connect(b);
  b.connect(a);
  return [a, b];
}

class PairEnd implements Channel {
  #peer: PairEnd | null = null;
  #listener: ((message: unknown) => void) | null = null;
  #inbox: unknown[] = [];
  readonly #ending = new ChannelEnding();

  connect(peer: PairEnd): void {
    this.#peer = peer;
  }

  send(message: unknown): void {
    const peer = this.#peer;
    if (this.#ending.isClosed || peer === null) return;
    queueMicrotask(() => peer.#receive(message));
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#listener = listener;
    const kept = this.#inbox;
    this.#inbox = [];
    for (const message of kept) listener(message);
  }

  onClose(listener: (reason: string) => void): void {
    this.#ending.onClose(listener);
  }

  close(): void {
    const peer = this.#peer;
    this.#ending.close('closed here');
    // After what was sent before.
    queueMicrotask(() => peer?.endFromPeer());
  }

  endFromPeer(): void {
    this.#ending.close('closed by the other side');
  }

  #receive(message: unknown): void {
    if (this.#ending.isClosed) return;
    if (this.#listener === null) this.#inbox.push(message);
    else this.#listener(message);
  }
}

/** The closing half of a channel: tells each listener once, also those that come late. */
export class ChannelEnding {
  #reason: string | null = null;
  #listeners: ((reason: string) => void)[] = [];

  get isClosed(): boolean {
    return this.#reason !== null;
  }

  onClose(listener: (reason: string) => void): void {
    const reason = this.#reason;
    if (reason === null) this.#listeners.push(listener);
    else queueMicrotask(() => listener(reason));
  }

  /** The first reason counts. */
  close(reason: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener(reason);
  }
}
