import { describe, expect, it } from 'vitest';
import { contentTypeOf } from '../../../src/watch/content-type.ts';

describe('contentTypeOf', () => {
  it.each([
    ['a.pdf', 'application/pdf'],
    ['PHOTO.JPG', 'image/jpeg'],
    ['notes.txt', 'text/plain'],
    ['x.tar.gz', 'application/gzip'],
    ['t.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['日本語.png', 'image/png'],
    ['line\nbreak.png', 'image/png'],
    ['back\\slash.png', 'image/png'],
    ['pdf', 'application/octet-stream'],
    ['README', 'application/octet-stream'],
    ['.txt', 'application/octet-stream'],
    ['a.', 'application/octet-stream'],
    ['a.unheard-of', 'application/octet-stream'],
    ['', 'application/octet-stream'],
    ['a.constructor', 'application/octet-stream'],
  ])('%j is %s', (name, type) => {
    expect(contentTypeOf(name)).toBe(type);
  });
});
