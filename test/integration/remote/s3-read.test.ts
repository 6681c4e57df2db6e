import { afterEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/core/ports.ts';
import { startFaultServer, type Answer } from '../../support/fault-server.ts';
import { failure, storeAt } from '../../support/s3-store.ts';

const NEVER = new AbortController().signal;
const SOURCE = { key: 'a.bin', etag: 'e', versionId: null };
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function storeOver(answer: Answer): Promise<ObjectStore> {
  const server = await startFaultServer(answer);
  cleanups.push(() => server.close());
  const store = storeAt(server.url);
  cleanups.push(() => store.close());
  return store;
}

async function readText(store: ObjectStore, offset = 0): Promise<string> {
  const chunks: Buffer[] = [];
  await store.read(SOURCE, offset, (chunk) => void chunks.push(Buffer.from(chunk)), NEVER);
  return Buffer.concat(chunks).toString();
}

describe('reading over a line and from a service that are not as they should be', () => {
  it('asks for the version and the place', async () => {
    let asked: Record<string, unknown> = {};
    let url = '';
    const store = await storeOver((request, reply) => {
      asked = request.headers;
      url = request.url ?? '';
      reply.writeHead(206, { etag: '"e"', 'content-range': 'bytes 6-10/11' }).end('world');
    });
    const chunks: string[] = [];
    const version = { key: 'd/a +.bin', etag: 'e', versionId: 'v/1' };
    await store.read(version, 6, (chunk) => void chunks.push(Buffer.from(chunk).toString()), NEVER);
    expect(chunks.join('')).toBe('world');
    expect(asked).toMatchObject({ 'if-match': '"e"', range: 'bytes=6-' });
    expect(url).toMatch(/^\/demo\/d\/a%20%2B\.bin\?.*versionId=v%2F1/);
  });

  it('P3: a cut reply is transient, never the end', async () => {
    const store = await storeOver((_, reply) => {
      reply.writeHead(200, { etag: '"e"', 'content-length': '1000' });
      reply.write('some', () => setTimeout(() => reply.destroy(), 20));
    });
    expect(await failure(readText(store))).toMatchObject({ code: 'net.reset', class: 'transient' });
  });

  it('a reply that stops is net.stalled', async () => {
    const store = await storeOver((_, reply) => {
      reply.writeHead(200, { etag: '"e"', 'content-length': '1000' });
      reply.write('some');
    });
    expect(await failure(readText(store))).toMatchObject({ code: 'net.stalled', class: 'transient' });
  });

  it('a slow taker is no stalled line', async () => {
    const store = await storeOver((_, reply) => {
      reply.writeHead(200, { etag: '"e"', 'content-length': '8' });
      reply.write('some', () => setTimeout(() => reply.end('more'), 50));
    });
    let text = '';
    await store.read(
      SOURCE,
      0,
      async (chunk) => {
        await new Promise((resolve) => setTimeout(resolve, 450));
        text += Buffer.from(chunk).toString();
      },
      NEVER,
    );
    expect(text).toBe('somemore');
  });

  it('holds the service back while the taker is busy', async () => {
    let written = 0;
    const store = await storeOver((_, reply) => {
      reply.writeHead(200, { etag: '"e"' });
      const slice = Buffer.alloc(64 * 1024);
      const more = () => {
        while (written < 256 * 1024 * 1024) {
          written += slice.length;
          if (!reply.write(slice)) return;
        }
        reply.end();
      };
      reply.on('drain', more);
      more();
    });
    const stop = new AbortController();
    const work = store.read(SOURCE, 0, () => new Promise(() => {}), stop.signal).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 400));
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await work).toBe(reason);
    // What sockets hold; without back-pressure it would be everything.
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });

  it('P3: a service that ignores If-Match gives no byte of another version', async () => {
    const store = await storeOver((_, reply) => void reply.writeHead(200, { etag: '"other"' }).end('theirs'));
    const chunks: Uint8Array[] = [];
    const work = store.read(SOURCE, 0, (chunk) => void chunks.push(chunk), NEVER);
    expect((await failure(work)).code).toBe('conflict.changed');
    expect(chunks).toEqual([]);
  });

  it('a service that ignores the range sends all: what was had already is left out', async () => {
    const store = await storeOver((_, reply) => {
      reply.writeHead(200, { etag: '"e"' });
      reply.write('hel', () => setTimeout(() => reply.end('lo world'), 20));
    });
    expect(await readText(store, 6)).toBe('world');
  });

  it('a range that begins elsewhere is refused', async () => {
    const store = await storeOver(
      (_, reply) => void reply.writeHead(206, { etag: '"e"', 'content-range': 'bytes 8-10/11' }).end('rld'),
    );
    expect(await failure(readText(store, 6))).toMatchObject({ class: 'transient' });
  });
});
