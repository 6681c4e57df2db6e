/** Newline-delimited JSON: one value a line. JSON escapes line breaks in text, so a line break always ends a frame. */
import { MessageTooLarge } from './channel.ts';

/** Both sides refuse longer frames. A page of 1,000 operations takes about 1 MiB. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024;

const NEWLINE = 0x0a;

/** The bytes of one frame; throws `MessageTooLarge`. */
export function encodeFrame(message: unknown): Buffer {
  const frame = Buffer.from(`${JSON.stringify(message)}\n`, 'utf8');
  if (frame.length > MAX_FRAME_BYTES) throw new MessageTooLarge(`A message of ${frame.length} bytes is too large.`);
  return frame;
}

/** What the other side sent is no frame. The stream can't be trusted further. */
export class BadFrame extends Error {
  override readonly name = 'BadFrame';
}

/** Cuts a byte stream into frames. Holds at most one unfinished frame of `maxBytes` beside one chunk of input. */
export class FrameDecoder {
  maxBytes: number;
  #partial: Buffer[] = [];
  #partialBytes = 0;
  readonly #frames: Buffer[] = [];

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Takes bytes as they come; throws `BadFrame` when a frame grows beyond the limit. */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#add(chunk.subarray(start, end));
      this.#frames.push(this.#partial.length === 1 ? (this.#partial[0] ?? EMPTY) : Buffer.concat(this.#partial));
      this.#partial = [];
      this.#partialBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) this.#add(chunk.subarray(start));
  }

  /** The next whole frame, decoded; undefined when there is none yet. Throws `BadFrame` for what is no JSON in UTF-8. */
  next(): { readonly message: unknown } | undefined {
    for (let frame = this.#frames.shift(); frame !== undefined; frame = this.#frames.shift()) {
      // An empty line keeps a connection alive in some clients, and a "\r\n" ends lines in others.
      if (frame.length === 0 || (frame.length === 1 && frame[0] === 0x0d)) continue;
      try {
        return { message: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(frame)) as unknown };
      } catch {
        throw new BadFrame('a line that is not JSON');
      }
    }
    return undefined;
  }

  #add(bytes: Buffer): void {
    this.#partial.push(bytes);
    this.#partialBytes += bytes.length;
    if (this.#partialBytes > this.maxBytes) throw new BadFrame(`a line of more than ${this.maxBytes} bytes`);
  }
}

const EMPTY = Buffer.alloc(0);
