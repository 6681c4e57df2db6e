import { S3Error } from './s3-error.ts';

/** Bytes `start` to `end`, both included; `end` is `start - 1` for none. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a Range header against an object's size. Undefined for what S3 ignores: another unit, several ranges, nonsense.
 * @throws S3Error `InvalidRange` when no byte of it exists.
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const [first = '', last = ''] = match.slice(1);
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (start >= sizeBytes || (first === '' && Number(last) === 0)) {
    throw new S3Error('InvalidRange', {
      elements: { ActualObjectSize: String(sizeBytes), RangeRequested: header ?? '' },
    });
  }
  return { start, end };
}

/** The exact `bytes=a-b` of `x-amz-copy-source-range`. @throws S3Error `InvalidArgument`. */
export function parseCopyRange(header: string, sizeBytes: number): ByteRange {
  const match = /^bytes=(\d+)-(\d+)$/.exec(header);
  const [start, end] = [Number(match?.[1] ?? NaN), Number(match?.[2] ?? NaN)];
  if (start <= end && end < sizeBytes) return { start, end };
  throw new S3Error('InvalidArgument', {
    message: `The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy; source size ${sizeBytes}`,
    elements: { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: header },
  });
}
