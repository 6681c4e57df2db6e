import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

const DECODERS: Readonly<Record<string, typeof gunzipSync>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

/**
 * The body of a reply as it was before something on the way compressed it. Nobody asked for that, but proxies do it all the
 * same. What can't be undone, or would be longer than `maxBytes`, stays as it came: the reader finds no sense in it. Not for
 * objects: theirs is the encoding that they were stored with.
 */
export function decodeBody(contentEncoding: string | undefined, body: Buffer, maxBytes: number): Buffer {
  const decode = DECODERS[contentEncoding?.trim().toLowerCase() ?? ''];
  if (decode === undefined || body.length === 0) return body;
  try {
    return decode(body, { maxOutputLength: maxBytes });
  } catch {
    return body;
  }
}
