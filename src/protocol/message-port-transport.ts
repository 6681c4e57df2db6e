import { ChannelEnding, type Channel } from './channel.ts';

/**
 * What Electron's MessagePortMain, a utility process and its parentPort, and Node's MessagePort have in common. Named by
 * shape, so that nothing here imports Electron.
 */
export interface MessagePortLike {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (messageOrEvent: unknown) => void): unknown;
  on(event: 'close' | 'exit', listener: () => void): unknown;
  /** MessagePortMain keeps messages until this is called. */
  start?(): void;
  close?(): void;
}

/** A channel over a port. A port without `close` (a utility process) is only left alone when the channel closes. */
export function messagePortChannel(port: MessagePortLike): Channel {
  return new MessagePortChannel(port);
}

class MessagePortChannel implements Channel {
  readonly #port: MessagePortLike;
  readonly #ending = new ChannelEnding();
  #listener: ((message: unknown) => void) | null = null;
  #inbox: unknown[] = [];

  constructor(port: MessagePortLike) {
    this.#port = port;
    port.on('message', (messageOrEvent) => this.#receive(contentOf(messageOrEvent)));
    port.on('close', () => this.#ending.close('closed by the other side'));
    // A utility process ends with `exit`; ports never emit it.
    port.on('exit', () => this.#ending.close('the other process ended'));
    port.start?.();
  }

  send(message: unknown): void {
    if (this.#ending.isClosed) return;
    try {
      // The rule knows only windows, whose messages need an origin; a port has none.
      // oxlint-disable-next-line unicorn/require-post-message-target-origin
      this.#port.postMessage(message);
    } catch (error) {
      this.#ending.close(error instanceof Error ? error.message : 'the port is gone');
    }
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
    if (this.#ending.isClosed) return;
    this.#ending.close('closed here');
    this.#port.close?.();
  }

  #receive(message: unknown): void {
    if (this.#ending.isClosed) return;
    if (this.#listener === null) this.#inbox.push(message);
    else this.#listener(message);
  }
}

/** Electron hands over an event with the message in `data`, Node the message itself, which has no `data` on top. */
function contentOf(messageOrEvent: unknown): unknown {
  if (typeof messageOrEvent !== 'object' || messageOrEvent === null || 'jsonrpc' in messageOrEvent)
    return messageOrEvent;
  return 'data' in messageOrEvent ? messageOrEvent.data : messageOrEvent;
}
