import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEY_MAX_BYTES, objectKey, ORIGINAL_NAME } from '../../../src/watch/object-key.ts';

describe('objectKey', () => {
  it.each(['a.txt', 'd/e f+%20.txt', 'new\nline', 'é/日本語', ' lead', 'back\\slash'])('takes %j as it is', (path) => {
    expect(objectKey('drop/', path)).toEqual({ ok: true, key: `drop/${path}`, metadata: {} });
  });

  it('is the NFC of the path, with the base name in metadata where that differs', () => {
    expect(objectKey('', 'cafe\u0301/re\u0301sume\u0301 1.txt')).toEqual({
      ok: true,
      key: 'caf\u00e9/r\u00e9sum\u00e9 1.txt',
      metadata: { 'longshore-name': 're%CC%81sume%CC%81%201.txt' },
    });
    expect(objectKey('', 'cafe\u0301/a')).toMatchObject({ key: 'caf\u00e9/a', metadata: {} });
  });

  it('has at most 1,024 bytes, not characters', () => {
    const room = KEY_MAX_BYTES - 'p/'.length;
    expect(objectKey('p/', 'x'.repeat(room)).ok).toBe(true);
    expect(objectKey('p/', 'x'.repeat(room + 1))).toEqual({
      ok: false,
      code: 's3.key-too-long',
      detail: '1025 bytes of 1024',
    });
    expect(objectKey('', 'é'.repeat(513)).ok).toBe(false);
    // NFC shortens: what counts is what is sent.
    expect(objectKey('', 'e\u0301'.repeat(512)).ok).toBe(true);
  });

  it('metadata gives the base name back, is ASCII, and leaves room for other metadata', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), (text) => {
        const name = text.normalize('NFD').replaceAll('/', '-');
        const result = objectKey('', `d/${name}`);
        if (!result.ok) return;
        const stored = result.metadata[ORIGINAL_NAME];
        if (stored === undefined) return;
        expect(decodeURIComponent(stored)).toBe(name);
        expect(stored).toMatch(/^[\x20-\x7e]*$/);
        expect(Buffer.byteLength(stored)).toBeLessThanOrEqual(1536);
      }),
    );
  });
});
