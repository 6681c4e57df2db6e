import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { checks, put, refused } from '../check.ts';

export const bucketChecks = checks('buckets', {
  'HEAD answers for a bucket that exists': async ({ client, bucket }) => {
    const reply = await client.send(new HeadBucketCommand({ Bucket: bucket }));
    expect(reply.$metadata.httpStatusCode).toBe(200);
    expect(reply.BucketRegion).toBe('us-east-1');
  },
  'HEAD of a missing bucket is 404': async ({ client }) => {
    await refused(client.send(new HeadBucketCommand({ Bucket: 'no-such-bucket-here' })), 404);
  },
  'making one’s own bucket again succeeds and keeps its objects': async (context) => {
    const { client, bucket } = context;
    await put(context, 'kept');
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    expect((await client.send(new ListObjectsV2Command({ Bucket: bucket }))).KeyCount).toBe(1);
  },
  'the list of buckets names it': async ({ client, bucket }) => {
    const { Buckets = [] } = await client.send(new ListBucketsCommand());
    const listed = Buckets.find(({ Name }) => Name === bucket);
    expect(listed?.CreationDate?.getTime()).toBeGreaterThan(Date.now() - 600_000);
  },
  'the location of the oldest region is empty': async ({ client, bucket }) => {
    expect((await client.send(new GetBucketLocationCommand({ Bucket: bucket }))).LocationConstraint ?? '').toBe('');
  },
  'versioning is off at first and can be switched': async ({ client, bucket }) => {
    expect((await client.send(new GetBucketVersioningCommand({ Bucket: bucket }))).Status).toBeUndefined();
    for (const Status of ['Enabled', 'Suspended'] as const) {
      await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status } }));
      expect((await client.send(new GetBucketVersioningCommand({ Bucket: bucket }))).Status).toBe(Status);
    }
  },
  'an empty bucket can be deleted': async ({ client, bucket }) => {
    await client.send(new DeleteBucketCommand({ Bucket: bucket }));
    await refused(client.send(new HeadBucketCommand({ Bucket: bucket })), 404);
  },
  'a bucket with objects can not be deleted': async (context) => {
    await put(context, 'inside');
    await refused(context.client.send(new DeleteBucketCommand({ Bucket: context.bucket })), 409, 'BucketNotEmpty');
  },
  'deleting a missing bucket is NoSuchBucket': async ({ client }) => {
    await refused(client.send(new DeleteBucketCommand({ Bucket: 'no-such-bucket-here' })), 404, 'NoSuchBucket');
  },
  'a bucket name in capitals is refused': async ({ client }) => {
    await refused(client.send(new CreateBucketCommand({ Bucket: 'Not_A_Bucket' })), 400, 'InvalidBucketName');
  },
  'listing a missing bucket is NoSuchBucket': async ({ client }) => {
    await refused(client.send(new ListObjectsV2Command({ Bucket: 'no-such-bucket-here' })), 404, 'NoSuchBucket');
  },
});
