import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FingerprintFields } from '../../../src/core/fingerprint.ts';
import type { ScannedDirectory } from '../../../src/core/ports.ts';
import { type DirectoryListing, listingDigest } from '../../../src/watch/directory-listing.ts';
import { FileColumns, filesFrom } from '../../../src/watch/file-columns.ts';
import { listed } from '../../support/scan-all.ts';
import { packBatch, unpackBatch } from '../../../src/watch/scan-messages.ts';

type File = FingerprintFields & { readonly name: string };

const number = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
// What no file system has in a name: "/" and NUL.
const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[/\0]/.test(text));
const file: fc.Arbitrary<File> = fc.record({
  name,
  size: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
  mtimeNs: number,
  ctimeNs: number,
  ino: number,
  dev: number,
});

function listing(files: readonly File[], more: Partial<DirectoryListing> = {}): DirectoryListing {
  const columns = new FileColumns();
  for (const each of files) columns.add(each.name, each);
  const found = {
    dir: 'd',
    files: columns,
    subdirectories: [],
    problems: [],
    ignored: 0,
    ignoredNames: [],
    volume: '1',
  };
  const all = { ...found, ...more };
  return { ...all, digest: listingDigest(all), complete: true, gone: false };
}

const cross = (listings: readonly DirectoryListing[]) => unpackBatch(structuredClone(packBatch(listings)));

function expected({ files, ...rest }: DirectoryListing): ScannedDirectory {
  return { ...rest, files: [...filesFrom(files.names, files.numbers())] };
}

describe('directories that cross threads', () => {
  it('arrive as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.array(file), fc.array(name))), (all) => {
        const sent = all.map(([files, names], index) =>
          listing(files, {
            dir: `d${index}`,
            subdirectories: names,
            problems: names.map((each) => ({ name: each, code: 'local.io', detail: each })),
            ignored: names.length,
            ignoredNames: names,
          }),
        );
        const received = cross(sent);
        expect(received).toHaveLength(sent.length);
        received.forEach((directory, index) => {
          const wanted = expected(sent[index] ?? listing([]));
          expect(listed(directory)).toEqual(wanted);
        });
      }),
    );
  });

  it('P2: a file is what the system said of it, to the nanosecond', () => {
    const at = 1_700_000_000_123_456_789n;
    const one = { name: 'a', size: 5n, mtimeNs: at, ctimeNs: at + 1n, ino: 7n, dev: 8n };
    expect([...(cross([listing([one])])[0]?.files ?? [])]).toEqual([
      {
        name: 'a',
        sizeBytes: 5,
        mtimeMs: 1_700_000_000_123,
        ctimeMs: 1_700_000_000_123,
        fingerprint: '5.1700000000123456789.1700000000123456790.7.8',
      },
    ]);
  });

  it('files can be counted, and walked more than once', () => {
    const one = { name: 'a', size: 5n, mtimeNs: 1n, ctimeNs: 1n, ino: 7n, dev: 8n };
    const [received] = cross([listing([one, { ...one, name: 'b' }])]);
    const files = received?.files ?? [];
    expect(files).toHaveLength(2);
    expect(Array.from(files, ({ name }) => name)).toEqual(['a', 'b']);
    expect([...files]).toEqual([...files]);
  });
});

describe('P2: the digest of a directory', () => {
  const one: File = { name: 'a', size: 5n, mtimeNs: 1n, ctimeNs: 2n, ino: 3n, dev: 4n };
  const digest = (files: readonly File[], more: Partial<DirectoryListing> = {}) => listing(files, more).digest;

  it('is the same for the same directory', () => {
    expect(digest([one])).toBe(digest([{ ...one }]));
    expect(digest([one])).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ['a name', digest([{ ...one, name: 'b' }])],
    ['a size', digest([{ ...one, size: 6n }])],
    ['an mtime', digest([{ ...one, mtimeNs: 2n }])],
    ['a ctime', digest([{ ...one, ctimeNs: 3n }])],
    ['an inode', digest([{ ...one, ino: 4n }])],
    ['a device', digest([{ ...one, dev: 5n }])],
    ['a file more', digest([one, { ...one, name: 'b' }])],
    ['no file', digest([])],
    ['a subdirectory', digest([one], { subdirectories: ['s'] })],
    ['what is ignored', digest([one], { ignoredNames: ['s'], ignored: 1 })],
    ['a problem', digest([one], { problems: [{ name: 's', code: 'local.io', detail: '' }] })],
    ["a problem's reason", digest([one], { problems: [{ name: 's', code: 'local.permission', detail: '' }] })],
    ['the volume', digest([one], { volume: '2' })],
  ])('tells %s apart', (_what, other) => {
    expect(other).not.toBe(digest([one]));
  });

  it('can not be made equal by moving text between what it covers', () => {
    const all = [
      digest([], { subdirectories: ['a', 'b'] }),
      digest([], { subdirectories: ['a'], ignoredNames: ['b'], ignored: 1 }),
      digest([], { subdirectories: ['a,b'] }),
      digest([], { ignoredNames: ['a', 'b'], ignored: 2 }),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});
