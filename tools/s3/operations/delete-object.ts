import type { Bucket } from '../bucket.ts';
import { newVersionId } from '../commit-object.ts';
import { assertDeleteCondition } from '../conditions.ts';
import { assertDigests, declaredDigests, hashing } from '../declared-digests.ts';
import { currentObject, withoutVersion, withVersion } from '../key-record.ts';
import type { DeleteMarker } from '../key-record.ts';
import { versionHeaders } from '../object-headers.ts';
import type { Operation, OperationRequest } from '../operation.ts';
import { bucketOf, xmlReply } from '../operation.ts';
import { S3Error } from '../s3-error.ts';
import { childText, parseXml, xmlDocument } from '../xml.ts';
import type { XmlValue } from '../xml.ts';

/** What a deletion did: removed a version, or put a marker on top. */
interface Deletion {
  readonly versionId: string | undefined;
  readonly isMarker: boolean;
}

type Headers = OperationRequest['headers'];

async function deleteVersion(bucket: Bucket, key: string, versionId: string, headers: Headers): Promise<Deletion> {
  return bucket.update(key, (record) => {
    const version = record?.versions.find((candidate) => candidate.versionId === versionId);
    assertDeleteCondition(headers, version?.kind === 'object' ? version : undefined);
    const result: Deletion = { versionId, isMarker: version?.kind === 'marker' };
    return { record: record === undefined ? undefined : withoutVersion(record, versionId), result };
  });
}

async function deleteCurrent(bucket: Bucket, key: string, headers: Headers, nowMs: number): Promise<Deletion> {
  return bucket.update<Deletion>(key, (record) => {
    assertDeleteCondition(headers, currentObject(record));
    if (bucket.info.versioning === 'off')
      return { record: undefined, result: { versionId: undefined, isMarker: false } };
    const marker: DeleteMarker = { kind: 'marker', versionId: newVersionId(bucket), lastModifiedMs: nowMs };
    return { record: withVersion(key, record, marker), result: { versionId: marker.versionId, isMarker: true } };
  });
}

function deleteOne(request: OperationRequest, key: string, versionId: string | undefined): Promise<Deletion> {
  const bucket = bucketOf(request);
  if (versionId !== undefined) return deleteVersion(bucket, key, versionId, request.headers);
  return deleteCurrent(bucket, key, request.headers, request.settings.nowMs());
}

export const deleteObject: Operation = async (request) => {
  const { versionId, isMarker } = await deleteOne(request, request.key, request.query.get('versionId') ?? undefined);
  return {
    status: 204,
    headers: {
      ...(versionId === undefined ? {} : versionHeaders(versionId, true)),
      ...(isMarker ? { 'x-amz-delete-marker': 'true' } : {}),
    },
  };
};

const XML_LIMIT_BYTES = 4 * 1024 * 1024;
const KEYS_LIMIT = 1000;

/** The body must come with a digest, and be what it says. */
async function verifiedBody(request: OperationRequest): Promise<string> {
  const declared = declaredDigests(request.headers);
  if (declared.contentMd5 === undefined && declared.algorithm === undefined) {
    throw new S3Error('InvalidRequest', { message: 'Missing required header for this request: Content-MD5' });
  }
  const body = await request.body.buffer(XML_LIMIT_BYTES);
  const hashed = hashing(
    (async function* once() {
      yield await Promise.resolve(body);
    })(),
    declared.algorithm,
  );
  for await (const _ of hashed.bytes);
  assertDigests(declared, await hashed.finish(), request.body);
  return body.toString();
}

export const deleteObjects: Operation = async (request) => {
  bucketOf(request);
  const root = parseXml(await verifiedBody(request));
  const objects = root.children.filter((child) => child.name === 'Object');
  if (root.name !== 'Delete' || objects.length === 0 || objects.length > KEYS_LIMIT) throw new S3Error('MalformedXML');
  const quiet = childText(root, 'Quiet') === 'true';
  const results: (readonly [string, XmlValue])[] = [];
  for (const object of objects) {
    const key = childText(object, 'Key');
    const versionId = childText(object, 'VersionId');
    const etag = childText(object, 'ETag');
    if (key === undefined || key === '') throw new S3Error('MalformedXML');
    const asked: readonly (readonly [string, XmlValue])[] = [
      ['Key', key],
      ['VersionId', versionId],
    ];
    try {
      const headers: Headers = etag === undefined ? {} : { 'if-match': etag };
      const done = await deleteOne({ ...request, headers }, key, versionId);
      const marker = done.isMarker
        ? ([
            ['DeleteMarker', true],
            ['DeleteMarkerVersionId', done.versionId],
          ] as const)
        : [];
      if (!quiet) results.push(['Deleted', [...asked, ...marker]]);
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      results.push(['Error', [...asked, ['Code', error.code], ['Message', error.message]]]);
    }
  }
  return xmlReply(xmlDocument('DeleteResult', results));
};
