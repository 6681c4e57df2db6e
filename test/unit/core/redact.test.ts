import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { redactData } from '../../../src/core/redact-data.ts';
import { isSensitiveName, MASK, redact } from '../../../src/core/redact.ts';

const secret = 'S3cr3tValue/abc+DEF=';

describe('P12: secrets stay out of text', () => {
  const hiding: Record<string, string> = {
    'an Authorization header': `Authorization: Bearer ${secret}`,
    'a signed AWS header': `authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu, SignedHeaders=host, Signature=${secret}`,
    'a header in JSON': `{"authorization":"Custom ${secret}","x":1}`,
    'a header in JSON inside JSON': String.raw`{"body":"{\"token\":\"${secret}\"}"}`,
    'a header as Node prints it': `headers: { 'x-api-key': '${secret}' }`,
    'a header in an array': `{ authorization: [ 'Custom ${secret}' ] }`,
    'repeated cookies': `'set-cookie': [ 'a=1; Path=/', 'sid=${secret}' ]`,
    'a raw cookie': `Set-Cookie: sid=${secret}; Path=/`,
    'a session token header': `x-amz-security-token: ${secret}`,
    'a key of the configuration': `secretAccessKey: ${secret}`,
    'a quoted key of the configuration': `secretAccessKey: "${secret} with blanks"`,
    'a value with an escaped quote': String.raw`"password":"a\"${secret}"`,
    'a presigned URL': `https://b.example/k?X-Amz-Credential=x%2Fy&X-Amz-Signature=${secret}&X-Amz-Expires=60`,
    'a token parameter': `GET /v1?access_token=${secret}&page=2`,
    'an encoded parameter': `next=%2Fv1%3Faccess_token%3D${secret}`,
    'an environment variable': `AWS_SECRET_ACCESS_KEY=${secret}`,
    'credentials in a URL': `http://user:${secret.replaceAll('/', '_')}@host/path`,
    'a bearer token in words': `refused the Bearer ${secret}`,
    'a private key': `-----BEGIN RSA PRIVATE KEY-----\n${secret}\n-----END RSA PRIVATE KEY-----`,
    'a private key without its end': `-----BEGIN PRIVATE KEY-----\n${secret}`,
    'an element of an S3 error': `<AWSAccessKeyId>${secret}</AWSAccessKeyId>`,
    'what S3 says was signed': `<StringToSign>AWS4-HMAC-SHA256\n${secret}</StringToSign>`,
    'a key with a blank in its name': `the api key: ${secret} is unknown`,
    'a webhook secret': `signed with whsec_${secret}`,
  };
  for (const [what, text] of Object.entries(hiding)) {
    test(what, () => {
      const shown = redact(text);
      expect(shown).not.toContain('S3cr3tValue');
      expect(shown).toContain(MASK);
    });
  }

  test('a password with an at sign', () => {
    expect(redact('http://u:p@ss@host/x')).toBe(`http://${MASK}@host/x`);
  });
  test('an AWS key id anywhere', () => {
    expect(redact('InvalidAccessKeyId AKIAIOSFODNN7EXAMPLE')).toBe(`InvalidAccessKeyId AKIA${MASK}`);
  });
  test('a JSON web token anywhere', () => {
    expect(redact('got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl back')).toBe(`got ${MASK} back`);
  });
});

describe('what is no secret stays', () => {
  const harmless = [
    'key = prefix + path',
    'resourceKey: main/drop/report.pdf, etag: 9e107d9d372bb6826bd81d3542a419d6',
    'Basic settings were saved',
    'code: net.refused, 3 tokens left in the bucket',
    'https://bucket.example/drop/a@b.txt?partNumber=3&uploadId=abc',
    '<Error><Code>AccessDenied</Code><Message>no access key</Message></Error>',
    'at 12:30:05 the folder /home/me/Drop was scanned',
  ];
  for (const text of harmless) test(text, () => expect(redact(text)).toBe(text));

  test('the rest of the line around a parameter', () => {
    expect(redact('GET /v1?token=abc&page=2 took 3 ms')).toBe(`GET /v1?token=${MASK}&page=2 took 3 ms`);
  });
});

test('redacting twice changes nothing more', () => {
  const once = redact(`Authorization: Bearer ${secret}\nhttp://u:p@h/?sig=${secret}`);
  expect(redact(once)).toBe(once);
});

/** Of the processor, not of the clock: others may load the machine. */
function costMs(text: string): number {
  const before = process.cpuUsage();
  redact(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

test.each([
  'a',
  '=',
  '"',
  '://',
  'token=',
  '<a>',
  'api key:',
  'https://a?',
  '\\"',
  'eyJ',
  '-----BEGIN PRIVATE KEY-----',
  'a-',
  ' : ',
])('hostile text takes work in proportion to its length: %s', (unit) => {
  const text = (length: number) => unit.repeat(length / unit.length);
  const short = Math.min(costMs(text(20_000)), costMs(text(20_000)));
  // Ten times as long; were it the square, it would be a hundred times. The rest is for collecting garbage.
  expect(costMs(text(200_000))).toBeLessThan(30 * short + 200);
});

describe('data', () => {
  test('values under sensitive names go, nested names are looked into, the input stays', () => {
    const input = { credentials: { accessKeyId: 'x', secretAccessKey: 'y', region: 'eu' }, list: ['Bearer abc123456'] };
    expect(redactData(input)).toEqual({
      credentials: { accessKeyId: MASK, secretAccessKey: MASK, region: 'eu' },
      list: [`Bearer ${MASK}`],
    });
    expect(input.credentials.secretAccessKey).toBe('y');
  });
  test('numbers and lists under sensitive names go too', () => {
    expect(redactData({ password: 123456, cookie: ['a=b'] })).toEqual({ password: MASK, cookie: MASK });
  });
  test('errors keep their words, without secrets, down to the cause', () => {
    const error = new Error('token=abc refused', { cause: new Error('http://u:p@h') });
    expect(redactData(error)).toMatchObject({
      name: 'Error',
      message: `token=${MASK} refused`,
      cause: { message: `http://${MASK}@h` },
    });
  });
  test('cycles end', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(redactData(loop)).toEqual({ self: '[…]' });
  });
});

test('names', () => {
  for (const name of ['X-Amz-Security-Token', 'client_secret', 'AWSAccessKeyId', 'webhook-signature', 'pwd']) {
    expect(isSensitiveName(name), name).toBe(true);
  }
  for (const name of ['key', 'resourceKey', 'etag', 'design', 'idempotencyKey', 'author']) {
    expect(isSensitiveName(name), name).toBe(false);
  }
});
