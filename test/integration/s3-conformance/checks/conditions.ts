import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  DeleteObjectCommand,
  ListPartsCommand,
} from '@aws-sdk/client-s3';
import type { CompleteMultipartUploadCommandInput } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { checks, createUpload, etagOf, md5Hex, put, refused, sendParts, statusOf } from '../check.ts';
import type { CheckContext } from '../check.ts';

const STALE = `"${'0'.repeat(32)}"`;

function tagOf(text: string): string {
  return `"${md5Hex(Buffer.from(text))}"`;
}

async function openUpload(context: CheckContext, key: string) {
  const uploadId = await createUpload(context, key);
  const parts = await sendParts(context, key, uploadId, [Buffer.from('the new content')]);
  const complete = (condition: Partial<CompleteMultipartUploadCommandInput>) =>
    context.client.send(
      new CompleteMultipartUploadCommand({
        Bucket: context.bucket,
        Key: key,
        UploadId: uploadId,
        MultipartUpload: { Parts: parts },
        ...condition,
      }),
    );
  const stillOpen = async (): Promise<number> => {
    const list = new ListPartsCommand({ Bucket: context.bucket, Key: key, UploadId: uploadId });
    return (await context.client.send(list)).Parts?.length ?? 0;
  };
  return { complete, stillOpen };
}

function copy({ client, bucket }: CheckContext, extra: object) {
  return client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'to', CopySource: `${bucket}/from`, ...extra }));
}

export const conditionChecks = checks('conditions', {
  'PUT If-None-Match creates where nothing is': async (context) => {
    await put(context, 'k', 'new', { IfNoneMatch: '*' });
    expect(await etagOf(context, 'k')).toBe(tagOf('new'));
  },
  'PUT If-None-Match refuses what exists, and leaves it': async (context) => {
    await put(context, 'k', 'theirs');
    await refused(put(context, 'k', 'ours', { IfNoneMatch: '*' }), 412, 'PreconditionFailed');
    expect(await etagOf(context, 'k')).toBe(tagOf('theirs'));
  },
  'PUT If-Match replaces the named version': async (context) => {
    const { ETag } = await put(context, 'k', 'base');
    await put(context, 'k', 'ours', { IfMatch: ETag });
    expect(await etagOf(context, 'k')).toBe(tagOf('ours'));
  },
  'PUT If-Match refuses another version, and leaves it': async (context) => {
    await put(context, 'k', 'theirs');
    await refused(put(context, 'k', 'ours', { IfMatch: STALE }), 412, 'PreconditionFailed');
    expect(await etagOf(context, 'k')).toBe(tagOf('theirs'));
  },
  'PUT If-Match where nothing is, is 404': async (context) => {
    await refused(put(context, 'k', 'ours', { IfMatch: STALE }), 404, 'NoSuchKey');
    expect(await etagOf(context, 'k')).toBeUndefined();
  },
  'of many creators at once exactly one wins': async (context) => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, number) =>
        put(context, 'k', `creator ${number}`, { IfNoneMatch: '*' }).then(
          () => 200,
          (error: unknown) => statusOf(error),
        ),
      ),
    );
    expect(outcomes.filter((status) => status === 200)).toHaveLength(1);
    expect(outcomes.filter((status) => status === 412 || status === 409)).toHaveLength(7);
  },
  'Complete If-None-Match creates where nothing is': async (context) => {
    const { complete } = await openUpload(context, 'k');
    await complete({ IfNoneMatch: '*' });
    expect(await etagOf(context, 'k')).toMatch(/-1"$/);
  },
  'Complete If-None-Match refuses what exists; the upload stays open': async (context) => {
    await put(context, 'k', 'theirs');
    const { complete, stillOpen } = await openUpload(context, 'k');
    await refused(complete({ IfNoneMatch: '*' }), 412, 'PreconditionFailed');
    expect(await etagOf(context, 'k')).toBe(tagOf('theirs'));
    expect(await stillOpen()).toBe(1);
  },
  'Complete If-Match replaces the named version': async (context) => {
    const { ETag } = await put(context, 'k', 'base');
    const { complete } = await openUpload(context, 'k');
    await complete({ IfMatch: ETag });
    expect(await etagOf(context, 'k')).toMatch(/-1"$/);
  },
  'Complete If-Match refuses another version; the upload stays open': async (context) => {
    await put(context, 'k', 'theirs');
    const { complete, stillOpen } = await openUpload(context, 'k');
    await refused(complete({ IfMatch: STALE }), 412, 'PreconditionFailed');
    expect(await etagOf(context, 'k')).toBe(tagOf('theirs'));
    expect(await stillOpen()).toBe(1);
  },
  'Complete If-Match where nothing is, is 404': async (context) => {
    const { complete } = await openUpload(context, 'k');
    await refused(complete({ IfMatch: STALE }), 404, 'NoSuchKey');
    expect(await etagOf(context, 'k')).toBeUndefined();
  },
  'Copy pinned to the source’s version copies it': async (context) => {
    const { ETag } = await put(context, 'from', 'source');
    await copy(context, { CopySourceIfMatch: ETag });
    expect(await etagOf(context, 'to')).toBe(tagOf('source'));
  },
  'Copy pinned to another version of the source is refused': async (context) => {
    await put(context, 'from', 'source');
    await refused(copy(context, { CopySourceIfMatch: STALE }), 412, 'PreconditionFailed');
    expect(await etagOf(context, 'to')).toBeUndefined();
  },
  'Copy source If-None-Match refuses the named version': async (context) => {
    const { ETag } = await put(context, 'from', 'source');
    await refused(copy(context, { CopySourceIfNoneMatch: ETag }), 412, 'PreconditionFailed');
  },
  'Copy If-None-Match refuses an existing target': async (context) => {
    await put(context, 'from', 'source');
    await put(context, 'to', 'theirs');
    await refused(copy(context, { IfNoneMatch: '*' }), 412, 'PreconditionFailed');
    expect(await etagOf(context, 'to')).toBe(tagOf('theirs'));
  },
  'Copy If-None-Match creates where nothing is': async (context) => {
    await put(context, 'from', 'source');
    await copy(context, { IfNoneMatch: '*' });
    expect(await etagOf(context, 'to')).toBe(tagOf('source'));
  },
  'Copy If-Match refuses another version of the target': async (context) => {
    await put(context, 'from', 'source');
    await put(context, 'to', 'theirs');
    await refused(copy(context, { IfMatch: STALE }), 412, 'PreconditionFailed');
    expect(await etagOf(context, 'to')).toBe(tagOf('theirs'));
  },
  'DELETE If-Match refuses another version': async (context) => {
    const { client, bucket } = context;
    await put(context, 'k', 'theirs');
    const remove = new DeleteObjectCommand({ Bucket: bucket, Key: 'k', IfMatch: STALE });
    await refused(client.send(remove), 412, 'PreconditionFailed');
    expect(await etagOf(context, 'k')).toBe(tagOf('theirs'));
  },
  'DELETE If-Match deletes the named version': async (context) => {
    const { client, bucket } = context;
    const { ETag } = await put(context, 'k');
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k', IfMatch: ETag }));
    expect(await etagOf(context, 'k')).toBeUndefined();
  },
});
