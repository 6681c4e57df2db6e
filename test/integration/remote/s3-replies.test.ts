import { describe, expect, it } from 'vitest';
import { checksumOf } from '../../../src/core/checksum.ts';
import { afterBody } from '../../support/fault-server.ts';
import { serve, storeAt } from '../../support/fault-store.ts';
import { failure, putBytes } from '../../support/s3-store.ts';

const NEVER = new AbortController().signal;
const MIB = 1024 * 1024;

const answer = (status: number, body: string, headers: Record<string, string> = {}) =>
  serve(afterBody((reply) => reply.writeHead(status, headers).end(body)));

describe('replies that make no sense', () => {
  it.each([
    ['no XML', 'certainly not'],
    ['cut XML', '<?xml version="1.0"?><ListPartsResult><Key>a'],
    ['nothing', ''],
  ])('%s under 200 is transient', async (_, body) => {
    const store = storeAt((await answer(200, body)).url);
    expect(await failure(store.listParts('a.bin', 'u', NEVER))).toMatchObject({ class: 'transient' });
    expect(
      await failure(store.createUpload({ key: 'a', contentType: 'a/b', metadata: {} }, 'CRC32', NEVER)),
    ).toMatchObject({ code: 's3.server-error', context: { sent: true } });
    expect(await failure(store.listUploads('', NEVER))).toMatchObject({ code: 's3.server-error' });
  });

  it('an error page of a gateway keeps its words', async () => {
    const store = storeAt((await answer(502, '<html><h1>502 Bad Gateway</h1></html>')).url);
    expect(await failure(store.probe(NEVER))).toMatchObject({
      code: 's3.server-error',
      context: { status: 502, detail: '502 Bad Gateway' },
    });
  });

  it('an error document under 200, as Complete may give it', async () => {
    const body = '<?xml version="1.0"?>\n<Error><Code>InternalError</Code><Message>Try again</Message></Error>';
    const checksum = await checksumOf('CRC32', Buffer.from(''));
    const store = storeAt((await answer(200, body)).url);
    const done = store.completeUpload(
      'a',
      'u',
      [{ number: 1, etag: 'e', checksum }],
      checksum,
      { kind: 'create' },
      NEVER,
    );
    expect(await failure(done)).toMatchObject({
      code: 's3.server-error',
      context: { serviceCode: 'InternalError', sent: true },
    });
  });

  it('P3: neither an error document nor nothing under 200 is a copy', async () => {
    const source = { key: 'from', etag: 'e', versionId: null };
    const object = { key: 'to', contentType: 'a/b', metadata: {} };
    const body = '<?xml version="1.0"?>\n<Error><Code>InternalError</Code><Message>Try again</Message></Error>';
    for (const said of [body, '', '<?xml version="1.0"?><CopyObjectResult>']) {
      const store = storeAt((await answer(200, said)).url);
      const copy = store.copy(source, object, { kind: 'create' }, NEVER);
      expect(await failure(copy)).toMatchObject({ class: 'transient', context: { sent: true } });
      const part = store.copyPart('to', 'u', 1, source, 0, 5, NEVER);
      expect(await failure(part)).toMatchObject({ class: 'transient', context: { sent: true } });
    }
  });

  it('503 with Retry-After', async () => {
    const store = storeAt((await answer(503, '', { 'retry-after': '11' })).url);
    expect(await failure(store.probe(NEVER))).toMatchObject({
      code: 's3.slow-down',
      context: { retryAfterMs: 11_000, sent: false },
    });
  });

  it('a refusal while the body is still on its way is heard, and the rest is not sent', async () => {
    let arrived = 0;
    const server = await serve((request, reply) => {
      request.on('data', (chunk: Buffer) => (arrived += chunk.length));
      const body = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>';
      reply.writeHead(403, { 'content-length': String(body.length) }).end(body);
    });
    const error = await failure(putBytes(storeAt(server.url), Buffer.alloc(256 * MIB)));
    expect(error).toMatchObject({ code: 's3.access-denied', context: { sent: false } });
    expect(arrived).toBeLessThan(256 * MIB);
  });
});

describe('what stands in the way of the service', () => {
  it.each([
    ['a log-in page', 200, '<html><body>Welcome to the hotel</body></html>', { 'content-type': 'text/html' }],
    ['a redirect to a log-in page', 302, '', { location: 'http://login.example/?ticket=secret' }],
    ['a network that says what it wants', 511, '<html>log in first</html>', {}],
  ])('%s: net.captive-portal, and nothing was done', async (_, status, body, headers: Record<string, string>) => {
    for (const signing of ['lean', 'sdk'] as const) {
      const store = storeAt((await answer(status, body, headers)).url, { signing });
      const expected = { code: 'net.captive-portal', class: 'unreachable', context: { sent: false } };
      const put = await failure(putBytes(store, Buffer.from('x')));
      expect(put).toMatchObject(expected);
      expect(JSON.stringify(put.context)).not.toContain('secret');
      expect(await failure(store.probe(NEVER))).toMatchObject(expected);
      expect(await failure(store.listParts('a.bin', 'u', NEVER))).toMatchObject(expected);
      const version = { key: 'a.bin', etag: 'e', versionId: null };
      expect(await failure(store.read(version, 0, () => {}, NEVER))).toMatchObject(expected);
    }
  });

  it('a page in place of a HEAD reply is no object', async () => {
    const store = storeAt((await answer(200, '', { 'content-type': 'text/html' })).url);
    expect(await failure(store.head('a.bin', NEVER))).toMatchObject({ code: 'net.captive-portal' });
  });

  it('an error that S3 wrote is the service’s own, whatever its type', async () => {
    const body = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>';
    const store = storeAt((await answer(403, body, { 'content-type': 'text/html' })).url);
    expect(await failure(putBytes(store, Buffer.from('x')))).toMatchObject({ code: 's3.access-denied' });
  });
});
