import { createHash } from 'node:crypto';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type {
  CreateMultipartUploadCommandInput,
  PutObjectCommandInput,
  PutObjectCommandOutput,
  S3ClientConfig,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import type { S3Endpoint } from '../../support/s3-servers.ts';

/** What a check works with. */
export interface CheckContext {
  readonly target: S3Endpoint;
  readonly client: S3Client;
  /** Empty, and for this check alone. */
  readonly bucket: string;
}

/** One behaviour that Longshore needs of an S3 service. */
export interface Check {
  /** Unique; what the tables of deviations refer to. */
  readonly name: string;
  readonly run: (context: CheckContext) => Promise<void>;
}

/** A list of checks from their names. */
export function checks(group: string, runs: Readonly<Record<string, Check['run']>>): Check[] {
  return Object.entries(runs).map(([name, run]) => ({ name: `${group}: ${name}`, run }));
}

/** The least part that S3 takes in the middle of an upload. */
export const MIN_PART_BYTES = 5 * 1024 * 1024;

export function clientFor(target: S3Endpoint, overrides: S3ClientConfig = {}): S3Client {
  const { endpoint, region, credentials } = target;
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1, ...overrides });
}

let bucketCount = 0;

export async function newBucket(client: S3Client): Promise<string> {
  const bucket = `check-${process.pid}-${++bucketCount}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return bucket;
}

/** Reproducible bytes that no two seeds share. */
export function someBytes(sizeBytes: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let state = seed * 2_654_435_761 + 1;
  for (let index = 0; index < sizeBytes; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

export function md5Hex(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

export function put(
  { client, bucket }: CheckContext,
  key: string,
  body: string | Uint8Array = key,
  input: Partial<PutObjectCommandInput> = {},
): Promise<PutObjectCommandOutput> {
  return client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...input }));
}

/** The ETag under a key, or undefined where there is no object. */
export async function etagOf({ client, bucket }: CheckContext, key: string): Promise<string | undefined> {
  try {
    return (await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))).ETag;
  } catch (error) {
    expect(statusOf(error)).toBe(404);
    return undefined;
  }
}

export function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

/** Expects a refusal with this status and, where the reply has a body, this code. Gives the error. */
export async function refused(work: Promise<unknown>, status: number, code?: string): Promise<Error> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, `expected a refusal with ${status} ${code ?? ''}, but it was accepted`).toBeInstanceOf(Error);
  expect(statusOf(error), String(error)).toBe(status);
  if (code !== undefined) expect((error as Error).name).toBe(code);
  return error as Error;
}

/** Changes a request after it was signed. */
export function tamper(
  client: S3Client,
  change: (request: { headers: Record<string, string>; body: unknown }) => void,
): void {
  client.middlewareStack.add(
    (next) => (args) => {
      change(args.request as { headers: Record<string, string>; body: unknown });
      return next(args);
    },
    { step: 'deserialize', priority: 'low', name: 'tamper' },
  );
}

/** Adds headers before the request is signed. */
export function withHeaders(client: S3Client, headers: Readonly<Record<string, string>>): void {
  client.middlewareStack.add(
    (next) => (args) => {
      Object.assign((args.request as { headers: Record<string, string> }).headers, headers);
      return next(args);
    },
    { step: 'build', priority: 'low', name: 'addHeaders' },
  );
}

export async function createUpload(
  { client, bucket }: CheckContext,
  key: string,
  input: Partial<CreateMultipartUploadCommandInput> = {},
): Promise<string> {
  const reply = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ...input }));
  expect(reply.UploadId).toBeTruthy();
  return reply.UploadId ?? '';
}

/** Sends parts numbered from 1 and gives what Complete wants to know of them. */
export async function sendParts(
  { client, bucket }: CheckContext,
  key: string,
  uploadId: string,
  bodies: readonly Uint8Array[],
  checksum: (body: Uint8Array) => Record<string, string> = () => ({}),
): Promise<{ PartNumber: number; ETag: string }[]> {
  const parts = [];
  for (const [place, body] of bodies.entries()) {
    const input = {
      Bucket: bucket,
      Key: key,
      UploadId: uploadId,
      PartNumber: place + 1,
      Body: body,
      ...checksum(body),
    };
    const reply = await client.send(new UploadPartCommand(input));
    parts.push({ PartNumber: place + 1, ETag: reply.ETag ?? '', ...checksum(body) });
  }
  return parts;
}
