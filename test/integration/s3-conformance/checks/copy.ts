import { CopyObjectCommand, GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import type { CopyObjectCommandInput } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { checks, newBucket, put, refused, someBytes } from '../check.ts';
import type { CheckContext } from '../check.ts';
import { crc32 } from './checksums.ts';

function copy({ client, bucket }: CheckContext, from: string, input: Partial<CopyObjectCommandInput> = {}) {
  const CopySource = `${bucket}/${from.split('/').map(encodeURIComponent).join('/')}`;
  return client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'to', CopySource, ...input }));
}

export const copyChecks = checks('copy', {
  'a copy has the bytes, type and metadata of its source': async (context) => {
    const { client, bucket } = context;
    await put(context, 'from', 'content', { ContentType: 'text/x-test', Metadata: { op: 'one' } });
    const reply = await copy(context, 'from');
    const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'to' }));
    expect(await got.Body?.transformToString()).toBe('content');
    expect(got.ContentType).toBe('text/x-test');
    expect(got.Metadata).toEqual({ op: 'one' });
    expect(reply.CopyObjectResult?.ETag).toBe(got.ETag);
  },
  'REPLACE takes the metadata of the request': async (context) => {
    const { client, bucket } = context;
    await put(context, 'from', 'content', { ContentType: 'text/x-test', Metadata: { op: 'one' } });
    await copy(context, 'from', { MetadataDirective: 'REPLACE', ContentType: 'text/y', Metadata: { op: 'two' } });
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'to' }));
    expect(head.ContentType).toBe('text/y');
    expect(head.Metadata).toEqual({ op: 'two' });
  },
  'the source goes on living by itself': async (context) => {
    const { client, bucket } = context;
    await put(context, 'from', 'content');
    await copy(context, 'from');
    await put(context, 'from', 'changed');
    const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'to' }));
    expect(await got.Body?.transformToString()).toBe('content');
  },
  'from another bucket': async (context) => {
    const { client, bucket } = context;
    const source = await newBucket(client);
    await put({ ...context, bucket: source }, 'from', 'elsewhere');
    await client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'to', CopySource: `${source}/from` }));
    const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'to' }));
    expect(await got.Body?.transformToString()).toBe('elsewhere');
  },
  'awkward source keys work': async (context) => {
    for (const key of ['a b+c%20d', 'ünï/日本語?x=1', 'q"uo&te']) {
      await put(context, key, key);
      await copy(context, key);
      const got = await context.client.send(new GetObjectCommand({ Bucket: context.bucket, Key: 'to' }));
      expect(await got.Body?.transformToString()).toBe(key);
    }
  },
  'a missing source is NoSuchKey': async (context) => {
    await refused(copy(context, 'nothing'), 404, 'NoSuchKey');
  },
  'onto itself without a change is refused': async (context) => {
    await put(context, 'from');
    await refused(copy(context, 'from', { Key: 'from' }), 400, 'InvalidRequest');
  },
  'onto itself with new metadata works': async (context) => {
    const { client, bucket } = context;
    await put(context, 'from', 'content');
    await copy(context, 'from', { Key: 'from', MetadataDirective: 'REPLACE', Metadata: { op: 'two' } });
    const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'from' }));
    expect(await got.Body?.transformToString()).toBe('content');
    expect(got.Metadata).toEqual({ op: 'two' });
  },
  'a checksum comes along': async (context) => {
    const { client, bucket } = context;
    const body = someBytes(5000, 31);
    await put(context, 'from', body, { ChecksumCRC32: crc32(body), ChecksumAlgorithm: 'CRC32' });
    await copy(context, 'from');
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'to', ChecksumMode: 'ENABLED' }));
    expect(head.ChecksumCRC32).toBe(crc32(body));
  },
});
