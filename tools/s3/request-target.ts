import { S3Error } from './s3-error.ts';

/** What a request line points at, in path style. */
export interface RequestTarget {
  /** The path exactly as sent, before decoding. */
  readonly rawPath: string;
  readonly bucket: string | undefined;
  /** Decoded; undefined for the service and for a bucket itself. */
  readonly key: string | undefined;
  readonly query: URLSearchParams;
}

const KEY_LIMIT_BYTES = 1024;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI');
  }
}

/** @throws S3Error `InvalidURI` for broken percent-encoding, `KeyTooLongError` above 1,024 bytes of UTF-8. */
export function parseTarget(url: string): RequestTarget {
  const mark = url.indexOf('?');
  const rawPath = mark === -1 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
  if (!rawPath.startsWith('/')) throw new S3Error('InvalidURI');
  const slash = rawPath.indexOf('/', 1);
  const bucket = decode(slash === -1 ? rawPath.slice(1) : rawPath.slice(1, slash));
  const key = slash === -1 ? '' : decode(rawPath.slice(slash + 1));
  if (Buffer.byteLength(key) > KEY_LIMIT_BYTES) throw new S3Error('KeyTooLongError');
  return {
    rawPath,
    bucket: bucket === '' ? undefined : bucket,
    key: bucket === '' || key === '' ? undefined : key,
    query,
  };
}

/** Splits `bucket/key?versionId=…` of `x-amz-copy-source`. @throws S3Error `InvalidArgument`. */
export function parseCopySource(header: string): { bucket: string; key: string; versionId: string | undefined } {
  const [path = '', search] = header.split('?', 2);
  const decoded = decode(path.replace(/^\//, ''));
  const slash = decoded.indexOf('/');
  if (slash < 1 || slash === decoded.length - 1) {
    throw new S3Error('InvalidArgument', { message: 'Copy Source must mention the source bucket and key' });
  }
  const versionId = new URLSearchParams(search ?? '').get('versionId') ?? undefined;
  return { bucket: decoded.slice(0, slash), key: decoded.slice(slash + 1), versionId };
}
