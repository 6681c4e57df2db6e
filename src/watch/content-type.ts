import mime from 'mime';

/** RFC 2046 section 4.5.1: bytes of which nothing is known. */
const UNKNOWN = 'application/octet-stream';

/** The media type that a file's name suggests. Without charset: the name tells nothing of the text's encoding. */
export function contentTypeOf(name: string): string {
  // The library takes a bare word for an extension unless it stands in a path: a file named "pdf" is no PDF.
  return mime.getType(`/${name}`) ?? UNKNOWN;
}
