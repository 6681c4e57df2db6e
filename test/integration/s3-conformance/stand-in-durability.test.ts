import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startStandIn, startStandInProcess } from '../../support/s3-servers.ts';
import type { S3Process } from '../../support/s3-servers.ts';
import { clientFor, createUpload, etagOf, md5Hex, put, refused, sendParts, someBytes } from './check.ts';
import type { CheckContext } from './check.ts';

const BUCKET = 'durable';

let dataDir: string;
let processes: S3Process[];

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'longshore-s3-durable-'));
  processes = [];
});

afterEach(async () => {
  for (const server of processes) await server.kill('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

async function start(port = 0): Promise<CheckContext & { server: S3Process; port: number }> {
  const server = await startStandInProcess({ dataDir, port, buckets: [BUCKET], minPartSizeBytes: 1 });
  processes.push(server);
  const client = clientFor(server);
  return { server, target: server, client, bucket: BUCKET, port: Number(new URL(server.endpoint).port) };
}

/** All files of bytes under the data directory. */
async function blobCount(): Promise<number> {
  const names = await readdir(path.join(dataDir, 'buckets', BUCKET, 'blobs'), { recursive: true }).catch(() => []);
  return names.filter((name) => name.includes(path.sep)).length;
}

describe('the stand-in’s storage', () => {
  test('what was acknowledged survives kill -9, at the same address', async () => {
    const before = await start();
    const { ETag } = await put(before, 'kept', 'content', { Metadata: { op: 'one' } });
    const uploadId = await createUpload(before, 'big');
    const parts = await sendParts(before, 'big', uploadId, [someBytes(100_000, 1), someBytes(100_000, 2)]);
    await before.server.kill('SIGKILL');

    const after = await start(before.port);
    expect(await etagOf(after, 'kept')).toBe(ETag);
    const listed = await after.client.send(new ListPartsCommand({ Bucket: BUCKET, Key: 'big', UploadId: uploadId }));
    expect(listed.Parts?.map((part) => part.ETag)).toEqual(parts.map((part) => part.ETag));
    const input = { Bucket: BUCKET, Key: 'big', UploadId: uploadId, MultipartUpload: { Parts: parts } };
    await after.client.send(new CompleteMultipartUploadCommand(input));
    const got = await after.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'big' }));
    const bytes = (await got.Body?.transformToByteArray()) ?? Buffer.alloc(0);
    expect(md5Hex(bytes)).toBe(md5Hex(Buffer.concat([someBytes(100_000, 1), someBytes(100_000, 2)])));
  });

  test('killed while many write: every acknowledged object is whole, nothing else is left', async () => {
    const before = await start();
    const acknowledged = new Map<string, string>();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < 500; round++) {
        const key = `${writer}/${round % 20}`;
        const reply = await put(before, key, someBytes(20_000, writer * 1000 + round)).catch(() => undefined);
        if (reply === undefined) return;
        acknowledged.set(key, reply.ETag ?? '');
      }
    });
    await expect.poll(() => acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(40);
    await before.server.kill('SIGKILL');
    await Promise.all(writers);

    const after = await start();
    const { Contents = [] } = await after.client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    for (const { Key = '', ETag } of Contents) {
      const got = await after.client.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      expect(`"${md5Hex((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0))}"`).toBe(ETag);
    }
    const listed = new Set(Contents.map(({ Key }) => Key));
    expect([...acknowledged.keys()].filter((key) => !listed.has(key))).toEqual([]);
    expect(await blobCount()).toBe(Contents.length);
    expect(await readdir(path.join(dataDir, 'tmp'))).toEqual([]);
  });

  test('SIGTERM stops it at once and cleanly', async () => {
    const { server, client } = await start();
    // An idle kept connection must not hold it up.
    await client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    const startedAtMs = performance.now();
    await server.close();
    expect(performance.now() - startedAtMs).toBeLessThan(3000);
  });

  test('a body that breaks off leaves no trace', async () => {
    const server = await startStandIn({ dataDir, buckets: [BUCKET] });
    const client = clientFor(server, { requestChecksumCalculation: 'WHEN_REQUIRED' });
    const url = await getSignedUrl(client, new PutObjectCommand({ Bucket: BUCKET, Key: 'torn' }));
    const put = request(url, { method: 'PUT', headers: { 'content-length': 1_000_000 } });
    put.on('error', () => undefined);
    put.write(Buffer.alloc(300_000), () => put.destroy());
    await expect.poll(() => server.counters.snapshot().operations.PutObject?.unanswered).toBe(1);
    expect(await etagOf({ target: server, client, bucket: BUCKET }, 'torn')).toBeUndefined();
    expect(await blobCount()).toBe(0);
    expect(await readdir(path.join(dataDir, 'tmp'))).toEqual([]);
    client.destroy();
    await server.close();
  });

  test('replaced, deleted and aborted bytes go from the disk', async () => {
    const server = await startStandIn({ dataDir, buckets: [BUCKET] });
    const client = clientFor(server);
    const context = { target: server, client, bucket: BUCKET };
    await put(context, 'k', 'one');
    await put(context, 'k', 'two');
    await refused(put(context, 'k', 'three', { IfNoneMatch: '*' }), 412);
    expect(await blobCount()).toBe(1);
    const uploadId = await createUpload(context, 'k');
    await sendParts(context, 'k', uploadId, [someBytes(10), someBytes(20)]);
    expect(await blobCount()).toBe(3);
    await client.send(new AbortMultipartUploadCommand({ Bucket: BUCKET, Key: 'k', UploadId: uploadId }));
    await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'k' }));
    expect(await blobCount()).toBe(0);
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
    expect(Uploads).toEqual([]);
    client.destroy();
    await server.close();
  });

  test('a download goes on while its object is replaced', async () => {
    const server = await startStandIn({ dataDir, buckets: [BUCKET] });
    const client = clientFor(server);
    const context = { target: server, client, bucket: BUCKET };
    const body = someBytes(8 * 1024 * 1024);
    await put(context, 'k', body);
    server.faults.add({ operation: 'GetObject', fault: { kind: 'bandwidth', bytesPerSecond: 16_000_000 } });
    const got = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'k' }));
    await put(context, 'k', 'replaced');
    expect(md5Hex((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(md5Hex(body));
    await expect.poll(blobCount).toBe(1);
    client.destroy();
    await server.close();
  });

  test('a browser gets a page that says what this is, and nothing else', async () => {
    const server = await startStandIn({ dataDir, buckets: [BUCKET] });
    const reply = await fetch(`${server.url}/${BUCKET}/secret`, { headers: { accept: 'text/html' } });
    expect(reply.status).toBe(403);
    expect(reply.headers.get('content-type')).toContain('text/html');
    expect(await reply.text()).toContain('local S3 stand-in');
    await server.close();
  });

  test('keys for reading only can not write', async () => {
    const reader = { accessKeyId: 'AKIDREADER', secretAccessKey: 'reads', access: 'read' as const };
    const writer = { accessKeyId: 'AKIDTEST', secretAccessKey: 'test-only-secret' };
    const server = await startStandIn({ dataDir, buckets: [BUCKET], credentials: [writer, reader] });
    const client = clientFor({ ...server, credentials: reader });
    await client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    await refused(put({ target: server, client, bucket: BUCKET }, 'k'), 403, 'AccessDenied');
    client.destroy();
    await server.close();
  });
});
