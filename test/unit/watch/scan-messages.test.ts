import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeFingerprint } from '../../../src/core/fingerprint.ts';
import type { ScannedDirectory } from '../../../src/core/ports.ts';
import { packDirectory, unpackDirectory } from '../../../src/watch/scan-messages.ts';

const file = fc.record({
  name: fc.string({ unit: 'binary', minLength: 1 }),
  sizeBytes: fc.maxSafeNat(),
  mtimeMs: fc.maxSafeInteger(),
  ctimeMs: fc.maxSafeInteger(),
  fingerprint: fc
    .bigInt({ min: 0n, max: 2n ** 64n })
    .map((n) => makeFingerprint({ size: n, mtimeNs: n, ctimeNs: n, ino: n, dev: n })),
});

describe('a directory that crosses threads', () => {
  it('arrives as it was', () => {
    fc.assert(
      fc.property(fc.array(file), fc.array(fc.string()), fc.boolean(), (files, names, complete) => {
        const directory: ScannedDirectory = {
          dir: names.join('/'),
          files,
          subdirectories: names,
          problems: names.map((name) => ({ name, code: 'local.io', detail: name })),
          ignored: names.length,
          ignoredNames: names,
          volume: '1',
          complete,
          gone: false,
        };
        expect(unpackDirectory(structuredClone(packDirectory(directory)))).toEqual(directory);
      }),
    );
  });
});
