import { describe, expect, it } from 'vitest';
import { bareUrl, redactDetail, safeCause } from '../../../src/core/redact-detail.ts';
import { MASK } from '../../../src/core/redact.ts';

describe('P12 Secrets stay secret: redactDetail', () => {
  it.each([
    [
      'https://b.example/k?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE&X-Amz-Signature=fe5f80f77d5fa3beca038a248ff027',
      'fe5f80',
    ],
    ['https://b.example/k?sig=abc123secret', 'abc123secret'],
    ['Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101, Signature=deadbeef00', 'deadbeef00'],
    ['<Error><AWSAccessKeyId>mykeyid</AWSAccessKeyId></Error>', 'mykeyid'],
    ['<SignatureProvided>c2ln</SignatureProvided>', 'c2ln'],
    ['token "Bearer eyJhbGciOi.J9.abc-_" was refused', 'eyJhbGciOi'],
    ['Basic dXNlcjpwYXNz', 'dXNlcjpwYXNz'],
    ['{"password":"hunter2secret"}', 'hunter2secret'],
    ['api_key=k-123456', 'k-123456'],
    ['http://user:pw1234@host/path', 'pw1234'],
    ['The key ASIAABCDEFGHIJKLMNOP is unknown', 'ASIAABCDEFGHIJKLMNOP'],
  ])('takes the secret out of %s', (text, secret) => {
    expect(redactDetail(text)).not.toContain(secret);
    expect(redactDetail(text)).toContain(MASK);
  });

  it('takes known values out wherever they stand', () => {
    expect(redactDetail('you sent s3cr3t+value, twice: s3cr3t+value', ['s3cr3t+value'])).not.toContain('s3cr3t');
  });

  it('leaves plain words alone and cuts what is too long', () => {
    const words = 'The specified bucket does not exist: photos/2026 at https://s3.example/photos';
    expect(redactDetail(words)).toBe(words);
    expect(redactDetail('x'.repeat(5_000))).toHaveLength(2_048);
  });
});

describe('bareUrl', () => {
  it('keeps neither user, query nor fragment', () => {
    expect(bareUrl('https://u:p@api.example:8443/a/b?token=1#x')).toBe('https://api.example:8443/a/b');
    expect(bareUrl('no address')).toBe('');
  });
});

describe('safeCause', () => {
  it('keeps name, code, words and stack, without secrets and without what hangs on the error', () => {
    const foreign = Object.assign(new TypeError('token=abc123 was refused'), {
      code: 'ECONNRESET',
      options: { headers: { authorization: 'Bearer abc123' } },
    });
    const safe = safeCause(foreign, ['abc123']);
    expect(safe).toMatchObject({ name: 'TypeError', code: 'ECONNRESET', message: `token=${MASK} was refused` });
    expect(safe).not.toHaveProperty('options');
    expect(safe.stack).not.toContain('abc123');
    expect(safeCause('a string with abc123', ['abc123']).message).toBe(`a string with ${MASK}`);
  });
});
