import type { Clock, Random } from './ports.ts';

declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

/** Identifies one operation: a UUID of version 7 (RFC 9562), so that ids sort by the time they were made. */
export type OperationId = Brand<string, 'OperationId'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function isOperationId(text: string): text is OperationId {
  return UUID.test(text);
}

const HEX_DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const DASH = '-'.charCodeAt(0);

/** A new UUIDv7 from the given time and randomness (RFC 9562 section 5.7). */
export function newUuid(clock: Clock, random: Random): string {
  const bytes = random.bytes(16);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const now = Math.max(0, Math.floor(clock.now()));
  view.setUint16(0, Math.floor(now / 2 ** 32));
  view.setUint32(2, now % 2 ** 32);
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  // In one piece: ids are made thousands of times a second, and text put together of parts is copied again when it is used.
  const text = Buffer.allocUnsafe(36);
  let end = 0;
  for (let at = 0; at < 16; at += 1) {
    const byte = bytes[at] ?? 0;
    if (at === 4 || at === 6 || at === 8 || at === 10) text[end++] = DASH;
    text[end++] = HEX_DIGITS[byte >> 4] ?? 0;
    text[end++] = HEX_DIGITS[byte & 0x0f] ?? 0;
  }
  return text.toString('latin1', 0, end);
}

export function newOperationId(clock: Clock, random: Random): OperationId {
  return newUuid(clock, random) as OperationId;
}
