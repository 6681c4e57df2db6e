import type { Socket } from 'node:net';
import { ChannelEnding, type Channel } from './channel.ts';
import { encodeFrame, FrameDecoder, MAX_FRAME_BYTES } from './frame.ts';

/** A peer that does not read is dropped when more than this waits for it: 16 MiB. */
export const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

/** Time for the last frames to leave after `close`, ms. */
const FLUSH_MS = 1000;

/** A channel over a connected stream socket. Reads only while someone listens, so that the sender feels the pressure. */
export class SocketChannel implements Channel {
  readonly #socket: Socket;
  readonly #decoder: FrameDecoder;
  readonly #ending = new ChannelEnding();
  #listener: ((message: unknown) => void) | null = null;

  constructor(socket: Socket, maxFrameBytes = MAX_FRAME_BYTES) {
    this.#socket = socket;
    this.#decoder = new FrameDecoder(maxFrameBytes);
    socket.pause();
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    // 'close' follows; without a listener the process would die of a client that went away.
    socket.on('error', (error) => this.#ending.close(error.message));
    socket.on('close', () => this.#ending.close('closed by the other side'));
    socket.pause();
  }

  /** How long a frame from the other side may be, bytes. */
  set maxFrameBytes(limit: number) {
    this.#decoder.maxBytes = limit;
  }

  send(message: unknown): void {
    if (this.#ending.isClosed || !this.#socket.writable) return;
    this.#socket.write(encodeFrame(message));
    if (this.#socket.writableLength > MAX_QUEUED_BYTES) this.drop('the other side does not read');
  }

  /** Hands over the next message alone; what follows waits for `onMessage`. */
  onNextMessage(listener: (message: unknown) => void): void {
    this.onMessage((message) => {
      this.#listener = null;
      this.#socket.pause();
      listener(message);
    });
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#listener = listener;
    // Not at once: the caller may still be in the middle of setting itself up.
    queueMicrotask(() => {
      this.#deliver();
      if (this.#listener !== null) this.#socket.resume();
    });
  }

  onClose(listener: (reason: string) => void): void {
    this.#ending.onClose(listener);
  }

  close(): void {
    if (this.#socket.destroyed) return;
    this.#ending.close('closed here');
    this.#socket.destroySoon();
    const timer = setTimeout(() => this.#socket.destroy(), FLUSH_MS);
    timer.unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** Ends the connection without letting the queue out. */
  drop(reason: string): void {
    this.#ending.close(reason);
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      this.drop(error instanceof Error ? error.message : 'bad frame');
      return;
    }
    this.#deliver();
  }

  #deliver(): void {
    while (this.#listener !== null && !this.#ending.isClosed) {
      let frame: { readonly message: unknown } | undefined;
      try {
        frame = this.#decoder.next();
      } catch (error) {
        this.drop(error instanceof Error ? error.message : 'bad frame');
        return;
      }
      if (frame === undefined) return;
      this.#listener(frame.message);
    }
  }
}
