import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { checks, createUpload, etagOf, md5Hex, MIN_PART_BYTES, put, refused, sendParts, someBytes } from '../check.ts';
import type { CheckContext } from '../check.ts';

const FIRST = someBytes(MIN_PART_BYTES, 11);
const LAST = someBytes(1234, 12);
const WHOLE = Buffer.concat([FIRST, LAST]);

function complete(context: CheckContext, key: string, uploadId: string, parts: CompletedPart[], extra: object = {}) {
  const { client, bucket } = context;
  const input = { Bucket: bucket, Key: key, UploadId: uploadId, MultipartUpload: { Parts: parts }, ...extra };
  return client.send(new CompleteMultipartUploadCommand(input));
}

function multipartEtag(...bodies: Uint8Array[]): string {
  const hash = createHash('md5');
  for (const body of bodies) hash.update(createHash('md5').update(body).digest());
  return `"${hash.digest('hex')}-${bodies.length}"`;
}

async function uploadIds({ client, bucket }: CheckContext): Promise<(string | undefined)[]> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return Uploads.map(({ UploadId }) => UploadId);
}

export const multipartChecks = checks('multipart', {
  'parts become one object': async (context) => {
    const { client, bucket } = context;
    const uploadId = await createUpload(context, 'k');
    const parts = await sendParts(context, 'k', uploadId, [FIRST, LAST]);
    expect(parts.map(({ ETag }) => ETag)).toEqual([`"${md5Hex(FIRST)}"`, `"${md5Hex(LAST)}"`]);
    await complete(context, 'k', uploadId, parts);
    expect(await etagOf(context, 'k')).toBe(multipartEtag(FIRST, LAST));
    const reply = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(reply.ContentLength).toBe(WHOLE.length);
    expect(md5Hex((await reply.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(md5Hex(WHOLE));
  },
  'a range over the seam of two parts is right': async (context) => {
    const { client, bucket } = context;
    const uploadId = await createUpload(context, 'k');
    await complete(context, 'k', uploadId, await sendParts(context, 'k', uploadId, [FIRST, LAST]));
    const start = MIN_PART_BYTES - 10;
    const Range = `bytes=${start}-${start + 19}`;
    const reply = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', Range }));
    const got = Buffer.from((await reply.Body?.transformToByteArray()) ?? []);
    expect(got.equals(WHOLE.subarray(start, start + 20))).toBe(true);
  },
  'metadata and content type come from Create': async (context) => {
    const { client, bucket } = context;
    const uploadId = await createUpload(context, 'k', { ContentType: 'text/x-test', Metadata: { op: 'one' } });
    await complete(context, 'k', uploadId, await sendParts(context, 'k', uploadId, [LAST]));
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(head.ContentType).toBe('text/x-test');
    expect(head.Metadata).toEqual({ op: 'one' });
  },
  'nothing shows before Complete': async (context) => {
    const uploadId = await createUpload(context, 'k');
    await sendParts(context, 'k', uploadId, [LAST]);
    expect(await etagOf(context, 'k')).toBeUndefined();
  },
  'a part sent again replaces the first': async (context) => {
    const uploadId = await createUpload(context, 'k');
    await sendParts(context, 'k', uploadId, [Buffer.from('draft')]);
    const parts = await sendParts(context, 'k', uploadId, [LAST]);
    await complete(context, 'k', uploadId, parts);
    expect(await etagOf(context, 'k')).toBe(multipartEtag(LAST));
  },
  'a part to an unknown upload is NoSuchUpload': async (context) => {
    await refused(sendParts(context, 'k', 'no-such-upload', [LAST]), 404, 'NoSuchUpload');
  },
  'part numbers outside 1 to 10,000 are refused': async (context) => {
    const { client, bucket } = context;
    const uploadId = await createUpload(context, 'k');
    for (const PartNumber of [0, 10_001]) {
      const input = { Bucket: bucket, Key: 'k', UploadId: uploadId, PartNumber, Body: LAST };
      await refused(client.send(new UploadPartCommand(input)), 400, 'InvalidArgument');
    }
  },
  'part number 10,000 is taken': async (context) => {
    const { client, bucket } = context;
    const uploadId = await createUpload(context, 'k');
    const input = { Bucket: bucket, Key: 'k', UploadId: uploadId, PartNumber: 10_000, Body: LAST };
    const { ETag } = await client.send(new UploadPartCommand(input));
    await complete(context, 'k', uploadId, [{ PartNumber: 10_000, ETag }]);
    expect(await etagOf(context, 'k')).toBe(multipartEtag(LAST));
  },
  'ListParts tells number, size and ETag': async (context) => {
    const { client, bucket } = context;
    const uploadId = await createUpload(context, 'k');
    await sendParts(context, 'k', uploadId, [FIRST, LAST]);
    const reply = await client.send(new ListPartsCommand({ Bucket: bucket, Key: 'k', UploadId: uploadId }));
    expect(reply.Parts?.map(({ PartNumber, Size, ETag }) => [PartNumber, Size, ETag])).toEqual([
      [1, FIRST.length, `"${md5Hex(FIRST)}"`],
      [2, LAST.length, `"${md5Hex(LAST)}"`],
    ]);
    expect(reply.IsTruncated).toBe(false);
  },
  'ListParts of an upload without parts is empty': async (context) => {
    const { client, bucket } = context;
    const uploadId = await createUpload(context, 'k');
    const reply = await client.send(new ListPartsCommand({ Bucket: bucket, Key: 'k', UploadId: uploadId }));
    expect(reply.Parts ?? []).toEqual([]);
  },
  'ListParts pages': async (context) => {
    const { client, bucket } = context;
    const uploadId = await createUpload(context, 'k');
    await sendParts(
      context,
      'k',
      uploadId,
      ['a', 'b', 'c', 'd', 'e'].map((text) => Buffer.from(text)),
    );
    const seen: (number | undefined)[] = [];
    let marker: string | undefined;
    for (let page = 0; page < 5; page++) {
      const input = { Bucket: bucket, Key: 'k', UploadId: uploadId, MaxParts: 2, PartNumberMarker: marker };
      const reply = await client.send(new ListPartsCommand(input));
      expect(reply.Parts?.length).toBeLessThanOrEqual(2);
      seen.push(...(reply.Parts ?? []).map(({ PartNumber }) => PartNumber));
      marker = reply.NextPartNumberMarker;
      if (reply.IsTruncated !== true) break;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  },
  'ListMultipartUploads finds by prefix': async (context) => {
    const { client, bucket } = context;
    const wanted = [await createUpload(context, 'docs/a'), await createUpload(context, 'docs/b')];
    await createUpload(context, 'other/c');
    const list = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: 'docs/' });
    const { Uploads = [] } = await client.send(list);
    expect(Uploads.map(({ Key, UploadId }) => [Key, UploadId])).toEqual([
      ['docs/a', wanted[0]],
      ['docs/b', wanted[1]],
    ]);
  },
  'ListMultipartUploads tells when an upload began': async (context) => {
    const { client, bucket } = context;
    await createUpload(context, 'k');
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    expect(Math.abs((Uploads[0]?.Initiated?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  },
  'ListMultipartUploads pages, also within one key': async (context) => {
    const { client, bucket } = context;
    const made: string[] = [];
    for (const key of ['a', 'same', 'same', 'same', 'z']) made.push(await createUpload(context, key));
    const seen: (string | undefined)[] = [];
    let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
    for (let page = 0; page < 5; page++) {
      const list = new ListMultipartUploadsCommand({ Bucket: bucket, MaxUploads: 2, ...markers });
      const reply = await client.send(list);
      expect(reply.Uploads?.length ?? 0).toBeLessThanOrEqual(2);
      seen.push(...(reply.Uploads ?? []).map(({ UploadId }) => UploadId));
      markers = { KeyMarker: reply.NextKeyMarker, UploadIdMarker: reply.NextUploadIdMarker };
      if (reply.IsTruncated !== true) break;
    }
    expect(new Set(seen)).toEqual(new Set(made));
    expect(seen).toHaveLength(made.length);
  },
  'Abort ends an upload and its parts': async (context) => {
    const { client, bucket } = context;
    const uploadId = await createUpload(context, 'k');
    await sendParts(context, 'k', uploadId, [LAST]);
    const abort = { Bucket: bucket, Key: 'k', UploadId: uploadId };
    const reply = await client.send(new AbortMultipartUploadCommand(abort));
    expect(reply.$metadata.httpStatusCode).toBe(204);
    expect(await uploadIds(context)).toEqual([]);
    await refused(client.send(new ListPartsCommand(abort)), 404, 'NoSuchUpload');
    await refused(sendParts(context, 'k', uploadId, [LAST]), 404, 'NoSuchUpload');
  },
  'Abort of what is gone is NoSuchUpload': async ({ client, bucket }) => {
    const abort = new AbortMultipartUploadCommand({ Bucket: bucket, Key: 'k', UploadId: 'no-such-upload' });
    await refused(client.send(abort), 404, 'NoSuchUpload');
  },
  'a finished upload is listed no more': async (context) => {
    const uploadId = await createUpload(context, 'k');
    await complete(context, 'k', uploadId, await sendParts(context, 'k', uploadId, [LAST]));
    expect(await uploadIds(context)).toEqual([]);
  },
  'Complete with a wrong ETag is InvalidPart; the upload stays': async (context) => {
    const uploadId = await createUpload(context, 'k');
    const parts = await sendParts(context, 'k', uploadId, [LAST]);
    const wrong = [{ PartNumber: 1, ETag: `"${'0'.repeat(32)}"` }];
    await refused(complete(context, 'k', uploadId, wrong), 400, 'InvalidPart');
    await complete(context, 'k', uploadId, parts);
    expect(await etagOf(context, 'k')).toBe(multipartEtag(LAST));
  },
  'Complete with a part that was never sent is InvalidPart': async (context) => {
    const uploadId = await createUpload(context, 'k');
    const [part] = await sendParts(context, 'k', uploadId, [FIRST]);
    const parts = [part ?? {}, { PartNumber: 2, ETag: part?.ETag }];
    await refused(complete(context, 'k', uploadId, parts), 400, 'InvalidPart');
  },
  'Complete out of order is InvalidPartOrder': async (context) => {
    const uploadId = await createUpload(context, 'k');
    const parts = await sendParts(context, 'k', uploadId, [FIRST, FIRST]);
    await refused(complete(context, 'k', uploadId, parts.reverse()), 400, 'InvalidPartOrder');
  },
  'Complete with a small part in the middle is EntityTooSmall': async (context) => {
    const uploadId = await createUpload(context, 'k');
    const parts = await sendParts(context, 'k', uploadId, [LAST, LAST]);
    await refused(complete(context, 'k', uploadId, parts), 400, 'EntityTooSmall');
  },
  'Complete without parts is MalformedXML': async (context) => {
    const uploadId = await createUpload(context, 'k');
    await refused(complete(context, 'k', uploadId, []), 400, 'MalformedXML');
  },
  'Complete of an unknown upload is NoSuchUpload': async (context) => {
    const parts = [{ PartNumber: 1, ETag: `"${'0'.repeat(32)}"` }];
    await refused(complete(context, 'k', 'no-such-upload', parts), 404, 'NoSuchUpload');
  },
  'Complete leaves out parts that it does not name': async (context) => {
    const uploadId = await createUpload(context, 'k');
    const parts = await sendParts(context, 'k', uploadId, [LAST, FIRST]);
    await complete(context, 'k', uploadId, parts.slice(0, 1));
    expect(await etagOf(context, 'k')).toBe(multipartEtag(LAST));
  },
  'Complete with a wrong object size is refused': async (context) => {
    const uploadId = await createUpload(context, 'k');
    const parts = await sendParts(context, 'k', uploadId, [LAST]);
    await refused(complete(context, 'k', uploadId, parts, { MpuObjectSize: 1 }), 400, 'InvalidRequest');
    await complete(context, 'k', uploadId, parts, { MpuObjectSize: LAST.length });
  },
  'two uploads of one key: the last Complete wins': async (context) => {
    const one = await createUpload(context, 'k');
    const two = await createUpload(context, 'k');
    const partsOne = await sendParts(context, 'k', one, [Buffer.from('one')]);
    const partsTwo = await sendParts(context, 'k', two, [Buffer.from('two')]);
    await complete(context, 'k', two, partsTwo);
    await complete(context, 'k', one, partsOne);
    expect(await etagOf(context, 'k')).toBe(multipartEtag(Buffer.from('one')));
  },
  'UploadPartCopy takes a whole object and a range': async (context) => {
    const { client, bucket } = context;
    await put(context, 'from', FIRST);
    const uploadId = await createUpload(context, 'k');
    const common = { Bucket: bucket, Key: 'k', UploadId: uploadId, CopySource: `${bucket}/from` };
    const whole = await client.send(new UploadPartCopyCommand({ ...common, PartNumber: 1 }));
    const ranged = { ...common, PartNumber: 2, CopySourceRange: 'bytes=100-199' };
    const some = await client.send(new UploadPartCopyCommand(ranged));
    await complete(context, 'k', uploadId, [
      { PartNumber: 1, ETag: whole.CopyPartResult?.ETag },
      { PartNumber: 2, ETag: some.CopyPartResult?.ETag },
    ]);
    expect(await etagOf(context, 'k')).toBe(multipartEtag(FIRST, FIRST.subarray(100, 200)));
  },
  'UploadPartCopy pinned to another version is refused': async (context) => {
    const { client, bucket } = context;
    await put(context, 'from', FIRST);
    const uploadId = await createUpload(context, 'k');
    const input = { Bucket: bucket, Key: 'k', UploadId: uploadId, PartNumber: 1, CopySource: `${bucket}/from` };
    const pinned = new UploadPartCopyCommand({ ...input, CopySourceIfMatch: `"${'0'.repeat(32)}"` });
    await refused(client.send(pinned), 412, 'PreconditionFailed');
  },
  'one part can be read by its number': async (context) => {
    const { client, bucket } = context;
    const uploadId = await createUpload(context, 'k');
    await complete(context, 'k', uploadId, await sendParts(context, 'k', uploadId, [FIRST, LAST]));
    const reply = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k', PartNumber: 2 }));
    expect(reply.ContentLength).toBe(LAST.length);
    expect(reply.PartsCount).toBe(2);
  },
  'Create in a missing bucket is NoSuchBucket': async ({ client }) => {
    const create = new CreateMultipartUploadCommand({ Bucket: 'no-such-bucket-here', Key: 'k' });
    await refused(client.send(create), 404, 'NoSuchBucket');
  },
});
