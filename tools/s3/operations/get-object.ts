import { parseRange } from '../byte-range.ts';
import type { ByteRange } from '../byte-range.ts';
import { assertReadCondition } from '../conditions.ts';
import type { ObjectVersion } from '../key-record.ts';
import { checksumHeaders, describeObject } from '../object-headers.ts';
import { objectStream, wholeRange } from '../object-stream.ts';
import type { Operation, OperationRequest } from '../operation.ts';
import { bucketOf, header, queryInteger } from '../operation.ts';
import { S3Error } from '../s3-error.ts';
import { selectVersion } from '../select-version.ts';

const OVERRIDES = [
  'content-type',
  'content-disposition',
  'content-encoding',
  'content-language',
  'cache-control',
  'expires',
];

/** `response-content-disposition` and its like, which a presigned link uses to shape a download. */
function overrides(query: URLSearchParams): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of OVERRIDES) {
    const value = query.get(`response-${name}`);
    if (value === null) continue;
    if (/[\r\n\0]/.test(value)) throw new S3Error('InvalidArgument');
    headers[name] = value;
  }
  return headers;
}

function partRange(version: ObjectVersion, partNumber: number): ByteRange {
  const segment = version.segments[partNumber - 1];
  if (segment === undefined) throw new S3Error('InvalidPartNumber');
  const start = version.segments.slice(0, partNumber - 1).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { start, end: start + segment.sizeBytes - 1 };
}

function requestedRange(request: OperationRequest, version: ObjectVersion): ByteRange | undefined {
  const partNumber = queryInteger(request.query, 'partNumber', [1, 10_000]);
  if (partNumber === undefined) return parseRange(header(request.headers, 'range'), version.sizeBytes);
  if (request.headers.range !== undefined) {
    throw new S3Error('InvalidRequest', { message: 'Cannot specify both Range header and partNumber query parameter' });
  }
  return partRange(version, partNumber);
}

/** GET and HEAD: the same reply, of which HEAD sends no body. */
export const getObject: Operation = async (request) => {
  const { key, headers, query } = request;
  const bucket = bucketOf(request);
  const versioned = bucket.info.versioning !== 'off';
  return bucket.inspect(key, (record) => {
    const version = selectVersion(record, key, query.get('versionId') ?? undefined);
    assertReadCondition(headers, version);
    const range = requestedRange(request, version);
    const wantsChecksum = header(headers, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
    const described: Record<string, string> = {
      ...describeObject(version, versioned),
      ...overrides(query),
      // A whole object's checksum beside a range would be taken for that of the range.
      ...(wantsChecksum && range === undefined ? checksumHeaders(version.checksum) : {}),
    };
    if (range !== undefined) described['content-range'] = `bytes ${range.start}-${range.end}/${version.sizeBytes}`;
    if (query.has('partNumber')) described['x-amz-mp-parts-count'] = String(version.segments.length);
    return {
      status: range === undefined ? 200 : 206,
      headers: described,
      body: objectStream(bucket.blobs, version, range ?? wholeRange(version)),
    };
  });
};
