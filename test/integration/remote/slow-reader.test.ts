import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/core/ports.ts';
import { createObjectStore } from '../../../src/remote/s3/object-store.ts';
import { systemClock } from '../../support/system-clock.ts';

const BODY = Buffer.alloc(3 * 1024 * 1024, 'x');
const NEVER = new AbortController().signal;

let server: Server;
let store: ObjectStore;
afterEach(() => {
  store.close();
  server.close();
});

async function serve(listener: RequestListener): Promise<void> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  store = createObjectStore(
    {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      bucket: 'demo',
      forcePathStyle: true,
      prefix: '',
      publicUrl: null,
      credentials: { kind: 'literal', accessKeyId: 'a', secretAccessKey: 'b', sessionToken: null },
      userAgent: 'test',
    },
    systemClock,
  );
}

/** Reads with a sink that is far slower than the line; returns the bytes that came. */
async function readSlowly(): Promise<number> {
  let bytes = 0;
  const sink = async (chunk: Uint8Array) => {
    // The pace is the subject of the test.
    await delay(2);
    bytes += chunk.byteLength;
  };
  await store.read({ key: 'a', etag: 'x', versionId: null }, 0, sink, NEVER);
  return bytes;
}

describe('a body that is taken more slowly than it comes', () => {
  it.each(['keep-alive', 'close'])('comes whole over a connection that is to %s', async (connection) => {
    await serve((_, response) => {
      response.writeHead(200, { etag: '"x"', 'content-length': BODY.length, connection }).end(BODY);
    });
    expect(await readSlowly()).toBe(BODY.length);
  });

  it('is a broken connection, and nothing worse, when the other side goes in the middle', async () => {
    await serve((_, response) => {
      response.writeHead(200, { etag: '"x"', 'content-length': BODY.length, connection: 'close' });
      response.write(BODY.subarray(0, BODY.length / 2), () => response.destroy());
    });
    await expect(readSlowly()).rejects.toMatchObject({ class: 'transient' });
  });
});
