import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { checks, etagOf, md5Hex, put, refused, someBytes, statusOf } from '../check.ts';
import type { CheckContext } from '../check.ts';

async function textOf({ client, bucket }: CheckContext, key: string, Range?: string): Promise<string> {
  const reply = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range }));
  return (await reply.Body?.transformToString()) ?? '';
}

async function roundTrips(context: CheckContext, key: string): Promise<void> {
  const { client, bucket } = context;
  await put(context, key, `content of ${key}`);
  expect(await textOf(context, key)).toBe(`content of ${key}`);
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  expect(Contents.map(({ Key }) => Key)).toEqual([key]);
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
  expect(await etagOf(context, key)).toBeUndefined();
}

export const objectChecks = checks('objects', {
  'what was put is what is got': async (context) => {
    const { client, bucket } = context;
    const body = someBytes(300_000);
    await put(context, 'file.bin', body);
    const reply = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'file.bin' }));
    expect(Buffer.from((await reply.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
    expect(reply.ContentLength).toBe(body.length);
  },
  'the ETag is the quoted MD5': async (context) => {
    const body = someBytes(1000);
    expect((await put(context, 'k', body)).ETag).toBe(`"${md5Hex(body)}"`);
    expect(await etagOf(context, 'k')).toBe(`"${md5Hex(body)}"`);
  },
  'content type, headers and metadata come back': async (context) => {
    const { client, bucket } = context;
    await put(context, 'k', 'x', {
      ContentType: 'text/x-test; charset=utf-8',
      CacheControl: 'max-age=5',
      ContentDisposition: 'attachment; filename="a b.txt"',
      ContentEncoding: 'identity',
      ContentLanguage: 'de',
      Metadata: { 'longshore-operation': 'op-1', mtime: '1700000000.5', 'name-encoded': 'caf%C3%A9' },
    });
    const reply = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(reply.ContentType).toBe('text/x-test; charset=utf-8');
    expect(reply.CacheControl).toBe('max-age=5');
    expect(reply.ContentDisposition).toBe('attachment; filename="a b.txt"');
    expect(reply.ContentEncoding).toBe('identity');
    expect(reply.ContentLanguage).toBe('de');
    expect(reply.Metadata).toEqual({
      'longshore-operation': 'op-1',
      mtime: '1700000000.5',
      'name-encoded': 'caf%C3%A9',
    });
  },
  'a streamed body is stored without its transport encoding': async (context) => {
    const { client, bucket } = context;
    const body = someBytes(200_000);
    await put(context, 'k', Readable.from([body.subarray(0, 70_000), body.subarray(70_000)]) as never, {
      ContentLength: body.length,
    });
    const reply = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(reply.ContentEncoding ?? '').toBe('');
    expect(md5Hex((await reply.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(md5Hex(body));
  },
  'an empty object is an object': async (context) => {
    await put(context, 'empty', '');
    expect(await textOf(context, 'empty')).toBe('');
    expect(await etagOf(context, 'empty')).toBe('"d41d8cd98f00b204e9800998ecf8427e"');
  },
  'a second put replaces the first': async (context) => {
    await put(context, 'k', 'first');
    await put(context, 'k', 'second', { Metadata: { n: '2' } });
    expect(await textOf(context, 'k')).toBe('second');
  },
  'LastModified is about now': async (context) => {
    const { client, bucket } = context;
    await put(context, 'k');
    const { LastModified } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(Math.abs((LastModified?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  },
  'keys with spaces, plus, percent, ampersand, quotes and unicode work': async (context) => {
    for (const key of ['a b+c%20d&e=f', `q'uo"te<s>`, 'ünï/日本語/🎉.txt', '~()*!$@,;:', '100%', '?#[]']) {
      await roundTrips(context, key);
    }
  },
  'a key with a line break works': async (context) => {
    await roundTrips(context, 'line\nbreak');
  },
  'keys that look like paths out are just keys': async (context) => {
    await roundTrips(context, 'a//b');
    await roundTrips(context, '.hidden/..data/file');
  },
  'a key of 1,024 bytes works': async (context) => {
    await roundTrips(context, `${'d'.repeat(200)}/`.repeat(5).padEnd(1024, 'k').slice(0, 1024));
  },
  'a key above 1,024 bytes is refused': async (context) => {
    await refused(put(context, 'k'.repeat(1025), 'x'), 400, 'KeyTooLongError');
  },
  'getting what is not there is NoSuchKey': async ({ client, bucket }) => {
    await refused(client.send(new GetObjectCommand({ Bucket: bucket, Key: 'nothing' })), 404, 'NoSuchKey');
    await refused(client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'nothing' })), 404);
  },
  'putting into a missing bucket is NoSuchBucket': async ({ client, target }) => {
    await refused(put({ client, target, bucket: 'no-such-bucket-here' }, 'k'), 404, 'NoSuchBucket');
  },
  'ranges give their bytes': async (context) => {
    const { client, bucket } = context;
    await put(context, 'k', '0123456789');
    expect(await textOf(context, 'k', 'bytes=0-3')).toBe('0123');
    expect(await textOf(context, 'k', 'bytes=4-')).toBe('456789');
    expect(await textOf(context, 'k', 'bytes=-2')).toBe('89');
    expect(await textOf(context, 'k', 'bytes=8-100')).toBe('89');
    const reply = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', Range: 'bytes=2-4' }));
    expect(reply.$metadata.httpStatusCode).toBe(206);
    expect(reply.ContentRange).toBe('bytes 2-4/10');
    expect(reply.ContentLength).toBe(3);
  },
  'a range beyond the end is InvalidRange': async (context) => {
    await put(context, 'k', '0123456789');
    await refused(textOf(context, 'k', 'bytes=10-20'), 416, 'InvalidRange');
  },
  'If-Match guards a read': async (context) => {
    const { client, bucket } = context;
    const { ETag } = await put(context, 'k');
    await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', IfMatch: ETag }));
    const stale = new GetObjectCommand({ Bucket: bucket, Key: 'k', IfMatch: `"${'0'.repeat(32)}"` });
    await refused(client.send(stale), 412, 'PreconditionFailed');
  },
  'If-None-Match and If-Modified-Since give 304': async (context) => {
    const { client, bucket } = context;
    const { ETag } = await put(context, 'k');
    const byTag = client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', IfNoneMatch: ETag }));
    expect(statusOf(await byTag.catch((error: unknown) => error))).toBe(304);
    const later = new Date(Date.now() + 5000);
    const byTime = client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', IfModifiedSince: later }));
    expect(statusOf(await byTime.catch((error: unknown) => error))).toBe(304);
  },
  'more than 2 KB of metadata is refused': async (context) => {
    await refused(put(context, 'k', 'x', { Metadata: { big: 'x'.repeat(2100) } }), 400, 'MetadataTooLarge');
  },
  'deleting works, and again': async (context) => {
    const { client, bucket } = context;
    await put(context, 'k');
    for (let round = 0; round < 2; round++) {
      const reply = await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k' }));
      expect(reply.$metadata.httpStatusCode).toBe(204);
    }
    expect(await etagOf(context, 'k')).toBeUndefined();
  },
  'many can be deleted at once': async (context) => {
    const { client, bucket } = context;
    for (const key of ['a', 'b<&>', 'c']) await put(context, key);
    const Delete = { Objects: [{ Key: 'a' }, { Key: 'b<&>' }, { Key: 'never-there' }] };
    const { Deleted = [], Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete }));
    expect(new Set(Deleted.map(({ Key }) => Key))).toEqual(new Set(['a', 'b<&>', 'never-there']));
    expect(Errors).toEqual([]);
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(Contents.map(({ Key }) => Key)).toEqual(['c']);
  },
  'replies carry Date and a request id': async ({ target, client, bucket }) => {
    const reply = await fetch(`${target.endpoint}/${bucket}`);
    expect(Math.abs(Date.parse(reply.headers.get('date') ?? '') - Date.now())).toBeLessThan(60_000);
    await reply.body?.cancel();
    const { $metadata } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect($metadata.requestId).toBeTruthy();
  },
});
