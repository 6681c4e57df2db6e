import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { checks, etagOf, put, refused } from '../check.ts';
import type { CheckContext } from '../check.ts';

async function switchTo({ client, bucket }: CheckContext, Status: 'Enabled' | 'Suspended'): Promise<void> {
  await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status } }));
}

async function textOf({ client, bucket }: CheckContext, VersionId?: string): Promise<string> {
  const reply = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', VersionId }));
  return (await reply.Body?.transformToString()) ?? '';
}

async function twoVersions(context: CheckContext): Promise<[string, string]> {
  await switchTo(context, 'Enabled');
  const first = await put(context, 'k', 'first');
  const second = await put(context, 'k', 'second');
  return [first.VersionId ?? '', second.VersionId ?? ''];
}

export const versioningChecks = checks('versioning', {
  'every put makes a version that can be read': async (context) => {
    const [first, second] = await twoVersions(context);
    expect(first).toBeTruthy();
    expect(first).not.toBe(second);
    expect(await textOf(context)).toBe('second');
    expect(await textOf(context, first)).toBe('first');
    const head = { Bucket: context.bucket, Key: 'k', VersionId: first };
    expect((await context.client.send(new HeadObjectCommand(head))).VersionId).toBe(first);
  },
  'versions are listed newest first': async (context) => {
    const { client, bucket } = context;
    const [first, second] = await twoVersions(context);
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(Versions.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [second, true],
      [first, false],
    ]);
  },
  'a delete puts a marker on top': async (context) => {
    const { client, bucket } = context;
    const [first] = await twoVersions(context);
    const reply = await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(reply.DeleteMarker).toBe(true);
    expect(reply.VersionId).toBeTruthy();
    expect(await etagOf(context, 'k')).toBeUndefined();
    await refused(textOf(context), 404, 'NoSuchKey');
    expect(await textOf(context, first)).toBe('first');
    expect((await client.send(new ListObjectsV2Command({ Bucket: bucket }))).KeyCount).toBe(0);
    const { DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(DeleteMarkers.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([[reply.VersionId, true]]);
  },
  'deleting the marker brings the object back': async (context) => {
    const { client, bucket } = context;
    await twoVersions(context);
    const { VersionId } = await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k' }));
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k', VersionId }));
    expect(await textOf(context)).toBe('second');
  },
  'deleting a version removes that one alone': async (context) => {
    const { client, bucket } = context;
    const [first, second] = await twoVersions(context);
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k', VersionId: second }));
    expect(await textOf(context)).toBe('first');
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k', VersionId: first }));
    expect(await etagOf(context, 'k')).toBeUndefined();
  },
  'an old version is restored by a copy': async (context) => {
    const { client, bucket } = context;
    const [first] = await twoVersions(context);
    const CopySource = `${bucket}/k?versionId=${encodeURIComponent(first)}`;
    const reply = await client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'k', CopySource }));
    expect(reply.CopySourceVersionId).toBe(first);
    expect(await textOf(context)).toBe('first');
  },
  'an unknown version is NoSuchVersion': async (context) => {
    const [first] = await twoVersions(context);
    await context.client.send(new DeleteObjectCommand({ Bucket: context.bucket, Key: 'k', VersionId: first }));
    await refused(textOf(context, first), 404, 'NoSuchVersion');
  },
  'what was there before is the null version': async (context) => {
    await put(context, 'k', 'before');
    await switchTo(context, 'Enabled');
    await put(context, 'k', 'after');
    expect(await textOf(context, 'null')).toBe('before');
  },
  'suspended, a put replaces the null version only': async (context) => {
    const { client, bucket } = context;
    const [first] = await twoVersions(context);
    await switchTo(context, 'Suspended');
    await put(context, 'k', 'null one');
    await put(context, 'k', 'null two');
    expect(await textOf(context)).toBe('null two');
    expect(await textOf(context, first)).toBe('first');
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(Versions).toHaveLength(3);
  },
  'the list of versions pages': async (context) => {
    const { client, bucket } = context;
    await twoVersions(context);
    await put(context, 'other');
    const seen: string[] = [];
    let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
    for (let page = 0; page < 5; page++) {
      const reply = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, MaxKeys: 1, ...markers }));
      seen.push(...(reply.Versions ?? []).map(({ Key, IsLatest }) => `${Key} ${IsLatest}`));
      markers = { KeyMarker: reply.NextKeyMarker, VersionIdMarker: reply.NextVersionIdMarker };
      if (reply.IsTruncated !== true) break;
    }
    expect(seen).toEqual(['k true', 'k false', 'other true']);
  },
  'PUT If-None-Match creates over a delete marker': async (context) => {
    const { client, bucket } = context;
    await twoVersions(context);
    await refused(put(context, 'k', 'third', { IfNoneMatch: '*' }), 412, 'PreconditionFailed');
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k' }));
    await put(context, 'k', 'third', { IfNoneMatch: '*' });
    expect(await textOf(context)).toBe('third');
  },
});
