import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeName } from '../../../src/watch/entry-names.ts';

describe('escapeName', () => {
  it.each([
    [[0x61, 0xff, 0x62], String.raw`a\xffb`],
    [[0xe2, 0x82], String.raw`\xe2\x82`],
    [[0xe2, 0x82, 0xac, 0x80], String.raw`€\x80`],
    [[0xc0, 0xaf], String.raw`\xc0\xaf`], // an overlong "/"
    [[0xed, 0xa0, 0x80], String.raw`\xed\xa0\x80`], // a surrogate
    [[0xf0, 0x9f, 0x92, 0xa9, 0xf8], String.raw`💩\xf8`],
  ])('%j is shown as %s', (bytes, shown) => {
    expect(escapeName(Uint8Array.from(bytes))).toBe(shown);
  });

  it('leaves valid UTF-8 as it is, and shows anything else without a replacement character', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => escapeName(Buffer.from(text)) === text));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const hasOwn = Buffer.from(bytes).includes('\uFFFD');
        return hasOwn || !escapeName(bytes).includes('\uFFFD');
      }),
    );
  });
});
