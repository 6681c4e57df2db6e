import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageTooLarge } from '../../../src/protocol/channel.ts';
import { BadFrame, encodeFrame, FrameDecoder, MAX_FRAME_BYTES } from '../../../src/protocol/frame.ts';

function decodeAll(decoder: FrameDecoder): unknown[] {
  const messages: unknown[] = [];
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) messages.push(frame.message);
  return messages;
}

describe('frames', () => {
  test('come out as they went in, however the stream is cut', () => {
    const json = fc.json().map((text) => JSON.parse(text) as unknown);
    fc.assert(
      fc.property(
        fc.array(json, { maxLength: 10 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (messages, cuts) => {
          const bytes = Buffer.concat(messages.map(encodeFrame));
          const decoder = new FrameDecoder(MAX_FRAME_BYTES);
          const out: unknown[] = [];
          let start = 0;
          for (let index = 0; start < bytes.length; index += 1) {
            const end = start + (cuts[index % cuts.length] ?? 1);
            decoder.push(bytes.subarray(start, end));
            out.push(...decodeAll(decoder));
            start = end;
          }
          // -0 has no form of its own in JSON.
          expect(JSON.stringify(out)).toBe(JSON.stringify(messages));
        },
      ),
    );
  });

  test('line breaks in text don’t cut a frame', () => {
    const decoder = new FrameDecoder(1000);
    decoder.push(encodeFrame({ text: 'a\nb\r\n\u2028' }));
    expect(decodeAll(decoder)).toEqual([{ text: 'a\nb\r\n\u2028' }]);
  });

  test('empty lines and CRLF are taken', () => {
    const decoder = new FrameDecoder(1000);
    decoder.push(Buffer.from('\n\r\n{"a":1}\r\n'));
    expect(decodeAll(decoder)).toEqual([{ a: 1 }]);
  });

  test.each([
    ['no JSON', Buffer.from('{"a":\n')],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22, 0x0a])],
  ])('%s is a bad frame', (_name, bytes) => {
    const decoder = new FrameDecoder(1000);
    decoder.push(bytes);
    expect(() => decoder.next()).toThrow(BadFrame);
  });

  test('a frame of the limit passes and one byte more does not, also before its end has come', () => {
    const exact = new FrameDecoder(10);
    exact.push(Buffer.from('"12345678"\n'));
    expect(decodeAll(exact)).toEqual(['12345678']);
    const over = new FrameDecoder(10);
    expect(() => over.push(Buffer.from('"123456789"\n'))).toThrow(BadFrame);
    const endless = new FrameDecoder(10);
    endless.push(Buffer.from('"123456'));
    expect(() => endless.push(Buffer.from('789012'))).toThrow(BadFrame);
  });

  test('what is too large is refused where it is made', () => {
    expect(() => encodeFrame('x'.repeat(MAX_FRAME_BYTES))).toThrow(MessageTooLarge);
  });
});
