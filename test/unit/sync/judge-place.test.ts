import { describe, expect, it } from 'vitest';
import { makeFingerprint } from '../../../src/core/fingerprint.ts';
import type { FileStat } from '../../../src/core/ports.ts';
import { judgePlace } from '../../../src/sync/download/judge-place.ts';

const state = (patch: Partial<Record<'size' | 'mtimeNs' | 'ctimeNs' | 'ino', bigint>> = {}) =>
  makeFingerprint({ size: 4n, mtimeNs: 1n, ctimeNs: 1n, ino: 1n, dev: 1n, ...patch });
const file = (fingerprint = state(), patch: Partial<FileStat> = {}): FileStat => ({
  kind: 'file',
  sizeBytes: 4,
  mtimeMs: 0,
  ctimeMs: 0,
  fingerprint,
  ...patch,
});

describe('P13: the place of a download', () => {
  it.each([
    ['nothing there, nothing expected', null, null, false, { kind: 'free' }],
    ['nothing there, the file already aside', null, state(), true, { kind: 'free' }],
    ['nothing there, and not by our doing', null, state(), false, { kind: 'moot' }],
    ['the expected file', file(), state(), false, { kind: 'replace', expected: state() }],
    [
      'the expected file under another mode',
      file(state({ ctimeNs: 9n })),
      state(),
      false,
      { kind: 'replace', expected: state({ ctimeNs: 9n }) },
    ],
    ['another content', file(state({ mtimeNs: 9n }), { sizeBytes: 5 }), state(), false, { kind: 'moot' }],
    [
      'another file of the size that comes',
      file(state({ ino: 9n }), { sizeBytes: 7 }),
      state(),
      false,
      { kind: 'look' },
    ],
    ['a file where none was expected', file(), null, false, { kind: 'moot' }],
    ['one that may be what is to come', file(state(), { sizeBytes: 7 }), null, false, { kind: 'look' }],
    ['a directory', file(state(), { kind: 'directory', sizeBytes: 7 }), null, false, { kind: 'moot' }],
    ['a link', file(state(), { kind: 'symlink' }), state(), false, { kind: 'moot' }],
  ] as const)('%s', (_title, present, replaces, asideIsKept, expected) => {
    expect(judgePlace(present, replaces, asideIsKept, 7)).toMatchObject(expected);
  });
});
