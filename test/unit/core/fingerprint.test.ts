import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  identityOf,
  makeFingerprint,
  mayBeSameContent,
  parseFingerprint,
  toBeTakenUp,
} from '../../../src/core/fingerprint.ts';

/** File systems give 64 bits for each; times before 1970 are negative. */
const unsigned = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const time = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const fields = fc.record({ size: unsigned, mtimeNs: time, ctimeNs: time, ino: unsigned, dev: unsigned });

describe('a fingerprint', () => {
  it('keeps every bit of its fields', () => {
    fc.assert(
      fc.property(fields, (given) => {
        expect(parseFingerprint(makeFingerprint(given))).toEqual(given);
      }),
    );
  });

  it('that is to be taken up is of the same file, and of no state that a look meets', () => {
    fc.assert(
      fc.property(fields, (given) => {
        const fingerprint = makeFingerprint(given);
        expect(identityOf(toBeTakenUp(fingerprint))).toBe(identityOf(fingerprint));
        expect(toBeTakenUp(fingerprint) === fingerprint).toBe(given.ctimeNs === 0n);
      }),
    );
  });

  it('differs whenever one field does, by a nanosecond say', () => {
    fc.assert(
      fc.property(fields, fc.constantFrom('size', 'mtimeNs', 'ctimeNs', 'ino', 'dev'), (given, name) => {
        const other = { ...given, [name]: given[name] + 1n };
        expect(makeFingerprint(other)).not.toBe(makeFingerprint(given));
      }),
    );
  });

  it.each(['', '1.2.3.4', '1.2.3.4.5.6', '1.2.x.4.5', '!local.io'])('is not made of %j', (text) => {
    expect(() => parseFingerprint(text)).toThrow(Error);
  });

  it('asks for the content only where the size is the same and something else moved', () => {
    const before = { size: 10n, mtimeNs: 1n, ctimeNs: 1n, ino: 5n, dev: 7n };
    const made = makeFingerprint(before);
    expect(mayBeSameContent(made, made)).toBe(false);
    expect(mayBeSameContent(made, makeFingerprint({ ...before, mtimeNs: 2n }))).toBe(true);
    expect(mayBeSameContent(made, makeFingerprint({ ...before, ino: 6n }))).toBe(true);
    expect(mayBeSameContent(made, makeFingerprint({ ...before, dev: 8n }))).toBe(true);
    expect(mayBeSameContent(made, makeFingerprint({ ...before, size: 11n }))).toBe(false);
  });
});
