import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distinctNames, escapeName } from '../../../src/watch/entry-names.ts';

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

describe('P2: the names of one directory are shown so that none stands for two', () => {
  it('a name whose letters are what a byte is shown as keeps them', () => {
    const entries = [Buffer.from([0xff]), Buffer.from(String.raw`\xff`)];
    expect(distinctNames(entries)).toEqual({ names: [String.raw`\xff`], undecodable: ['\\xff\uFFFD'] });
  });

  it('each of them is shown alike, in whichever order the directory lists them', () => {
    const letters = Buffer.from(String.raw`\xff`);
    const a = Buffer.concat([letters, Buffer.from([0xfe])]);
    const b = Buffer.from([0xff, 0xfe]);
    const shown = ['\\xff\\xfe', '\\xff\\xfe\uFFFD'];
    expect(distinctNames([a, b]).undecodable).toEqual(shown);
    expect(distinctNames([b, a]).undecodable).toEqual(shown);
  });

  it('holds for any bytes', () => {
    const name = fc
      .array(fc.constantFrom(0x5c, 0x78, 0x66, 0x65, 0xff, 0xfe), { minLength: 1, maxLength: 9 })
      .map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.uniqueArray(name, { selector: (bytes) => bytes.toString('hex') }), (entries) => {
        const { names, undecodable } = distinctNames(entries);
        return new Set([...names, ...undecodable]).size === entries.length;
      }),
    );
  });
});
