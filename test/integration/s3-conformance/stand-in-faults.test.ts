import { CopyObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startStandIn } from '../../support/s3-servers.ts';
import type { StandIn } from '../../support/s3-servers.ts';
import { clientFor, createUpload, etagOf, newBucket, put, refused, sendParts, someBytes } from './check.ts';
import type { CheckContext } from './check.ts';

let server: StandIn;
let client: S3Client;
let context: CheckContext;

beforeEach(async () => {
  server = await startStandIn({ control: { token: 'let me in' } });
  client = clientFor(server);
  context = { target: server, client, bucket: await newBucket(client) };
});

afterEach(async () => {
  client.destroy();
  await server.close();
});

function get(key: string): Promise<Uint8Array> {
  const command = new GetObjectCommand({ Bucket: context.bucket, Key: key });
  return client.send(command).then(async ({ Body }) => (await Body?.transformToByteArray()) ?? Buffer.alloc(0));
}

async function timed(key: string): Promise<number> {
  const startedAtMs = performance.now();
  await put(context, key, someBytes(300_000));
  return performance.now() - startedAtMs;
}

function control(path: string, init: RequestInit = {}, token = 'let me in'): Promise<Response> {
  return fetch(`${server.url}/_control/${path}`, { ...init, headers: { authorization: `Bearer ${token}` } });
}

describe('the stand-in’s faults', () => {
  test('an error before the effect leaves nothing, and carries Retry-After', async () => {
    const fault = { kind: 'error', status: 503, code: 'SlowDown', retryAfterSeconds: 7 } as const;
    server.faults.add({ operation: 'PutObject', key: 'k', times: 1, fault });
    const error = await refused(put(context, 'k'), 503, 'SlowDown');
    const { headers } = (error as unknown as { $response: { headers: Record<string, string> } }).$response;
    expect(headers['retry-after']).toBe('7');
    expect(await etagOf(context, 'k')).toBeUndefined();
    await put(context, 'k');
    expect(await etagOf(context, 'k')).toBeDefined();
  });

  test('an error after the effect has had its effect', async () => {
    const fault = { kind: 'error', status: 500, code: 'InternalError', when: 'after-effect' } as const;
    server.faults.add({ operation: 'PutObject', fault });
    await refused(put(context, 'k'), 500, 'InternalError');
    expect(await etagOf(context, 'k')).toBeDefined();
  });

  test('a reset before the effect leaves nothing; after it, the object is there', async () => {
    const disarm = server.faults.add({ operation: 'PutObject', fault: { kind: 'reset', when: 'before-effect' } });
    await expect(put(context, 'k')).rejects.toThrow(/ECONNRESET|socket hang up/);
    expect(await etagOf(context, 'k')).toBeUndefined();
    disarm();
    server.faults.add({ operation: 'PutObject', fault: { kind: 'reset', when: 'after-effect' } });
    await expect(put(context, 'k')).rejects.toThrow(/ECONNRESET|socket hang up/);
    expect(await etagOf(context, 'k')).toBeDefined();
  });

  test('a reset amid the body leaves no trace and counts what came', async () => {
    const body = someBytes(4 * 1024 * 1024);
    server.faults.add({ operation: 'UploadPart', fault: { kind: 'reset-mid-body', afterBytes: 1_000_000 } });
    const uploadId = await createUpload(context, 'k');
    await expect(sendParts(context, 'k', uploadId, [body])).rejects.toThrow(/ECONNRESET|EPIPE|socket hang up/);
    server.faults.clear();
    const { operations, openUploads } = server.counters.snapshot();
    expect(operations.UploadPart?.requestBodyBytes).toBeGreaterThanOrEqual(1_000_000);
    expect(operations.UploadPart?.requestBodyBytes).toBeLessThan(body.length);
    expect(openUploads).toBe(1);
    const parts = await sendParts(context, 'k', uploadId, [body]);
    expect(parts).toHaveLength(1);
  });

  test('rules strike the nth match and as often as they say', async () => {
    const fault = { kind: 'error', status: 503, code: 'SlowDown' } as const;
    server.faults.add({ operation: 'PutObject', keyPattern: '^a', nth: 2, times: 2, fault });
    const statuses = [];
    for (const key of ['a1', 'b', 'a2', 'a3', 'a4']) {
      statuses.push(
        await put(context, key).then(
          () => 200,
          (error: { $metadata: { httpStatusCode: number } }) => error.$metadata.httpStatusCode,
        ),
      );
    }
    expect(statuses).toEqual([200, 200, 503, 503, 200]);
    expect(server.faults.rules()).toMatchObject([{ seen: 4, struck: 2 }]);
  });

  test('a rule can name one part', async () => {
    const fault = { kind: 'error', status: 500, code: 'InternalError' } as const;
    server.faults.add({ operation: 'UploadPart', partNumber: 2, fault });
    const uploadId = await createUpload(context, 'k');
    await sendParts(context, 'k', uploadId, [Buffer.from('one')]);
    await refused(sendParts(context, 'k', uploadId, [Buffer.from('one'), Buffer.from('two')]), 500, 'InternalError');
  });

  test('a truncated reply is short', async () => {
    await put(context, 'k', someBytes(100_000));
    server.faults.add({ operation: 'GetObject', fault: { kind: 'truncate', afterBytes: 10_000 } });
    await expect(get('k')).rejects.toThrow();
    server.faults.clear();
    expect(await get('k')).toHaveLength(100_000);
  });

  test('an error inside a 200 reaches the client as an error', async () => {
    server.faults.add({ operation: 'CopyObject', fault: { kind: 'error', status: 200, code: 'InternalError' } });
    await put(context, 'from');
    const copy = new CopyObjectCommand({ Bucket: context.bucket, Key: 'to', CopySource: `${context.bucket}/from` });
    await expect(client.send(copy)).rejects.toMatchObject({ name: 'InternalError' });
  });

  test('latency delays, bandwidth slows', async () => {
    server.faults.add({ operation: 'PutObject', key: 'late', fault: { kind: 'latency', delayMs: 150 } });
    server.faults.add({ operation: 'PutObject', key: 'slow', fault: { kind: 'bandwidth', bytesPerSecond: 1_000_000 } });
    expect(await timed('late')).toBeGreaterThanOrEqual(145);
    expect(await timed('slow')).toBeGreaterThanOrEqual(250);
  });

  test('a hanging request ends when the client gives up, or the server closes', async () => {
    server.faults.add({ operation: 'PutObject', fault: { kind: 'hang', when: 'before-effect' } });
    const gaveUp = client.send(new PutObjectCommand({ Bucket: context.bucket, Key: 'k', Body: 'x' }), {
      abortSignal: AbortSignal.timeout(100),
    });
    await expect(gaveUp).rejects.toThrow(/abort/i);
    const cut = put(context, 'k').catch((error: unknown) => error);
    await expect.poll(() => server.faults.rules()[0]?.struck).toBe(2);
    await server.close();
    expect(await cut).toBeInstanceOf(Error);
  });
});

describe('the stand-in’s control path', () => {
  test('wants its token', async () => {
    expect((await control('counters', {}, 'guess')).status).toBe(401);
    expect((await fetch(`${server.url}/_control/counters`)).status).toBe(401);
  });

  test('arms, shows and clears faults', async () => {
    const rule = { operation: 'PutObject', fault: { kind: 'error', status: 500, code: 'InternalError' } };
    expect((await control('faults', { method: 'PUT', body: JSON.stringify([rule]) })).status).toBe(200);
    await refused(put(context, 'k'), 500, 'InternalError');
    expect(await (await control('faults')).json()).toEqual([{ rule, seen: 1, struck: 1 }]);
    await control('faults', { method: 'DELETE' });
    await put(context, 'k');
  });

  test('refuses rules that would never strike', async () => {
    for (const rule of [{ fault: { kind: 'nonsense' } }, { operation: 'Put', fault: { kind: 'latency' } }, { x: 1 }]) {
      expect((await control('faults', { method: 'PUT', body: JSON.stringify([rule]) })).status).toBe(400);
    }
  });

  test('counts requests and bytes, and logs them', async () => {
    await control('counters', { method: 'DELETE' });
    await put(context, 'k', someBytes(5000));
    await get('k');
    const counters = (await (await control('counters')).json()) as ReturnType<StandIn['counters']['snapshot']>;
    expect(counters.operations.PutObject).toMatchObject({ requests: 1, requestBodyBytes: 5000, statuses: { 200: 1 } });
    expect(counters.operations.GetObject).toMatchObject({ requests: 1, replyBodyBytes: 5000 });
    expect(counters.totalRequestBodyBytes).toBe(5000);
    const log = (await (await control('log')).json()) as object[];
    expect(log).toMatchObject([
      { operation: 'PutObject', key: 'k', requestBodyBytes: 5000, status: 200 },
      { operation: 'GetObject', key: 'k', status: 200 },
    ]);
  });

  test('is not there unless it was asked for', async () => {
    const plain = await startStandIn();
    expect((await fetch(`${plain.url}/_control/counters`)).status).toBe(403);
    await plain.close();
  });
});
