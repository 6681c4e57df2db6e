import { describe, expect, it } from 'vitest';
import { looksLikePortal } from '../../../src/remote/s3/captive-portal.ts';

const reply = (status: number, body = '', headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: Buffer.from(body),
});
const HTML = { 'content-type': 'text/html; charset=utf-8' };
const LOGIN = { location: 'http://login.hotel.example/?id=1' };

describe('what stands in the way of a service', () => {
  it.each([
    ['PUT', reply(511)],
    ['PUT', reply(302, '', LOGIN)],
    ['GET', reply(307, '<html>moved</html>', LOGIN)],
    ['GET', reply(200, '<!DOCTYPE html><title>Welcome</title>')],
    ['GET', reply(200, '\ufeff \n<HTML lang="en">')],
    ['POST', reply(200, '<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0">')],
    ['POST', reply(200, '<!-- hotel --><html>')],
    ['PUT', reply(200, '<script>location = "/login"</script>', HTML)],
    ['PUT', reply(403, '<html>Blocked by your company</html>', HTML)],
    ['HEAD', reply(200, '', HTML)],
    ['GET', reply(200, '', HTML)],
  ])('%s %j', (method, said) => {
    expect(looksLikePortal(method, said)).toBe(true);
  });
});

describe('what a storage service says', () => {
  it.each([
    ['PUT', reply(200, '', { etag: '"e"' })],
    ['PUT', reply(200, '', { ...HTML, etag: '"e"' })],
    ['PUT', reply(200, '', HTML)],
    ['HEAD', reply(200, '', { ...HTML, etag: '"an object that is a web page"' })],
    ['GET', reply(200, '', { ...HTML, etag: '"the same"' })],
    ['HEAD', reply(404, '', HTML)],
    ['GET', reply(403, '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', HTML)],
    ['PUT', reply(307, '<Error><Code>TemporaryRedirect</Code></Error>', LOGIN)],
    ['HEAD', reply(301, '', { 'x-amz-bucket-region': 'eu-west-1', location: 'https://other.example' })],
    ['HEAD', reply(301)],
    ['POST', reply(200, '<?xml version="1.0"?><InitiateMultipartUploadResult>', HTML)],
    ['GET', reply(200, '<ListPartsResult xmlns="x">', HTML)],
    ['POST', reply(200, '<html>', { 'x-amz-request-id': '1' })],
    ['PUT', reply(502, '<html>502 Bad Gateway</html>', HTML)],
    ['DELETE', reply(204)],
  ])('%s %j', (method, said) => {
    expect(looksLikePortal(method, said)).toBe(false);
  });
});
