import { describe, expect, it } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import { classifyS3, UnusableReply, type FailedRequest } from '../../../src/remote/s3/classify-s3.ts';
import { TransferEnded, type RawReply } from '../../../src/remote/s3/exchange.ts';

const NOW = Date.UTC(2026, 0, 1);
const SDK_ERROR = new Error('UnknownError');

function failed(reply: RawReply | null, more: Partial<FailedRequest> = {}): FailedRequest {
  return {
    subject: 'drop/a.txt',
    condition: null,
    exchange: { started: true, connected: true, viaProxy: false, reply },
    now: NOW,
    ...more,
  };
}
function reply(status: number, body = '', headers: Record<string, string> = {}): RawReply {
  return { status, headers, body: Buffer.from(body) };
}
function refusal(status: number, code: string, message = 'words of the service'): RawReply {
  return reply(status, `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

describe('what the service says', () => {
  it('P11: is told as its words; what is said here about a reply is not', () => {
    const origin = (error: unknown, said: RawReply) => classifyS3(error, failed(said)).context.detailFrom;
    expect(origin(SDK_ERROR, refusal(403, 'AccessDenied'))).toBe('service');
    expect(origin(SDK_ERROR, reply(502, 'Bad gateway'))).toBe('service');
    expect(origin(new UnusableReply('no ETag in the reply'), reply(200))).toBeUndefined();
    expect(origin(SDK_ERROR, reply(503))).toBeUndefined();
  });

  it.each([
    [403, 'InvalidAccessKeyId', 's3.bad-credentials'],
    [403, 'SignatureDoesNotMatch', 's3.bad-credentials'],
    [400, 'ExpiredToken', 's3.bad-credentials'],
    [403, 'AccessDenied', 's3.access-denied'],
    [403, 'SomethingNew', 's3.access-denied'],
    [404, 'NoSuchBucket', 's3.no-such-bucket'],
    [403, 'RequestTimeTooSkewed', 's3.clock-skew'],
    [301, 'PermanentRedirect', 's3.wrong-region'],
    [400, 'AuthorizationHeaderMalformed', 's3.wrong-region'],
    [403, 'QuotaExceeded', 's3.quota'],
    [507, 'XMinioStorageFull', 's3.quota'],
    [507, 'Whatever', 's3.quota'],
    [503, 'SlowDown', 's3.slow-down'],
    [200, 'SlowDown', 's3.slow-down'],
    [400, 'RequestTimeout', 'net.stalled'],
    [500, 'InternalError', 's3.server-error'],
    [200, 'InternalError', 's3.server-error'],
    [409, 'ConditionalRequestConflict', 's3.busy'],
    [409, 'OperationAborted', 's3.busy'],
    [409, 'InvalidBucketState', 's3.rejected'],
    [404, 'NoSuchUpload', 's3.no-such-upload'],
    [400, 'InvalidPart', 's3.no-such-upload'],
    [400, 'BadDigest', 's3.checksum-mismatch'],
    [400, 'XAmzContentChecksumMismatch', 's3.checksum-mismatch'],
    [400, 'KeyTooLongError', 's3.key-too-long'],
    [400, 'EntityTooLarge', 's3.too-large'],
    [501, 'NotImplemented', 's3.not-supported'],
    [405, 'MethodNotAllowed', 's3.not-supported'],
    [400, 'InvalidRequest', 's3.rejected'],
    [412, 'PreconditionFailed', 's3.rejected'],
  ])('%i %s is %s', (status, serviceCode, code) => {
    const error = classifyS3(SDK_ERROR, failed(refusal(status, serviceCode)));
    expect(error.code).toBe(code);
    expect(error.context).toMatchObject({ status, serviceCode, subject: 'drop/a.txt' });
    expect(error.context.detail).toContain('words of the service');
  });

  it.each([
    [301, 's3.wrong-region'],
    [302, 's3.server-error'],
    [403, 's3.access-denied'],
    [409, 's3.busy'],
    [413, 's3.too-large'],
    [429, 's3.slow-down'],
    [500, 's3.server-error'],
    [501, 's3.not-supported'],
    [503, 's3.slow-down'],
    [507, 's3.quota'],
    [418, 's3.rejected'],
  ])('a bare %i is %s', (status, code) => {
    expect(classifyS3(SDK_ERROR, failed(reply(status))).code).toBe(code);
  });

  it('tells an empty key from a wrong region under one code', () => {
    const said = refusal(400, 'AuthorizationHeaderMalformed', 'a non-empty Access Key (AKID) must be provided');
    expect(classifyS3(SDK_ERROR, failed(said)).code).toBe('s3.bad-credentials');
  });

  it('reads Retry-After', () => {
    const error = classifyS3(SDK_ERROR, failed(reply(503, '', { 'retry-after': '7' })));
    expect(error.context.retryAfterMs).toBe(7_000);
  });

  it('takes a reply that makes no sense for a passing one', () => {
    for (const body of ['', '<?xml version="1.0"?><ListPartsRes', '<html>log in to our network</html>']) {
      const error = classifyS3(new SyntaxError('bad xml'), failed(reply(200, body)));
      expect(error).toMatchObject({ code: 's3.server-error', class: 'transient' });
      expect(error.context.sent).toBe(true);
    }
    expect(classifyS3(new UnusableReply('no upload id'), failed(reply(200, '<a/>'))).context.detail).toBe(
      'no upload id',
    );
  });

  it('shows the start of a page that a proxy sent, without its mark-up', () => {
    const error = classifyS3(SDK_ERROR, failed(reply(502, '<html><h1>Bad   Gateway</h1></html>')));
    expect(error).toMatchObject({ code: 's3.server-error', context: { detail: 'Bad Gateway', status: 502 } });
  });

  it('keeps signatures and keys out of the details (P12)', () => {
    const said = refusal(403, 'AccessDenied', 'url https://b/k?X-Amz-Signature=c0ffee&amp;x=1 of AKIAIOSFODNN7EXAMPLE');
    const detail = classifyS3(SDK_ERROR, failed(said)).context.detail ?? '';
    expect(detail).not.toMatch(/c0ffee|AKIAIOSFODNN7EXAMPLE/);
  });
});

describe('conditions (P4)', () => {
  const create = { condition: 'create' } as const;
  const replace = { condition: 'replace' } as const;

  it('a 412 is a conflict of the condition’s kind', () => {
    expect(classifyS3(SDK_ERROR, failed(refusal(412, 'PreconditionFailed'), create)).code).toBe('conflict.exists');
    expect(classifyS3(SDK_ERROR, failed(reply(412), replace)).code).toBe('conflict.changed');
  });

  it('a 404 under If-Match is a deletion, unless bucket or upload are what is missing', () => {
    expect(classifyS3(SDK_ERROR, failed(refusal(404, 'NoSuchKey'), replace)).code).toBe('conflict.deleted');
    expect(classifyS3(SDK_ERROR, failed(refusal(404, 'NoSuchBucket'), replace)).code).toBe('s3.no-such-bucket');
    expect(classifyS3(SDK_ERROR, failed(refusal(404, 'NoSuchUpload'), replace)).code).toBe('s3.no-such-upload');
    expect(classifyS3(SDK_ERROR, failed(refusal(404, 'NoSuchKey'), create)).code).toBe('s3.rejected');
  });

  it('of a copy are about source or target: it does not tell which', () => {
    const copy = { condition: 'copy' } as const;
    const refused = classifyS3(SDK_ERROR, failed(refusal(412, 'PreconditionFailed'), copy));
    expect(refused).toMatchObject({ code: 's3.precondition-failed', class: 'transient', context: { sent: false } });
    expect(classifyS3(SDK_ERROR, failed(refusal(404, 'NoSuchKey'), copy)).code).toBe('s3.no-such-key');
    expect(classifyS3(SDK_ERROR, failed(refusal(404, 'NoSuchUpload'), copy)).code).toBe('s3.no-such-upload');
  });

  it('of a read pin the version', () => {
    const read = { condition: 'read' } as const;
    expect(classifyS3(SDK_ERROR, failed(refusal(412, 'PreconditionFailed'), read)).code).toBe('conflict.changed');
    expect(classifyS3(SDK_ERROR, failed(refusal(404, 'NoSuchVersion'), read)).code).toBe('s3.no-such-key');
    expect(classifyS3(SDK_ERROR, failed(refusal(404, 'NoSuchBucket'), read)).code).toBe('s3.no-such-bucket');
  });

  it('of a delete are about what is there', () => {
    const remove = { condition: 'delete' } as const;
    expect(classifyS3(SDK_ERROR, failed(refusal(412, 'PreconditionFailed'), remove)).code).toBe('conflict.changed');
  });

  it('leaves no doubt about the effect', () => {
    expect(classifyS3(SDK_ERROR, failed(reply(412), create)).context.sent).toBe(false);
  });
});

describe('whether the service may have acted', () => {
  it.each([
    [400, false],
    [403, false],
    [429, false],
    [503, false],
    [501, false],
    [500, true],
    [502, true],
    [504, true],
  ])('a reply with %i: %s', (status, sent) => {
    expect(classifyS3(SDK_ERROR, failed(reply(status))).context.sent).toBe(sent);
  });

  it('a broken connection: only when it stood', () => {
    const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    expect(classifyS3(reset, failed(null))).toMatchObject({ code: 'net.reset', context: { sent: true } });
    const early = failed(null, { exchange: { started: true, connected: false, viaProxy: false, reply: null } });
    expect(classifyS3(reset, early)).toMatchObject({ code: 'net.unreachable', context: { sent: false } });
  });

  it.each([
    ['stalled', 'net.stalled'],
    ['no-reply', 'net.timeout'],
    ['reply-too-long', 's3.server-error'],
  ] as const)('ended by us as %s', (reason, code) => {
    const error = classifyS3(new TransferEnded(reason), failed(null));
    expect(error).toMatchObject({ code, context: { sent: true } });
  });
});

describe('what stands in the way', () => {
  it('a captive portal: the service got nothing', () => {
    const page = { status: 302, headers: { location: 'http://login.example/?token=c0ffee' }, body: Buffer.alloc(0) };
    const error = classifyS3(new TransferEnded('captive-portal'), failed(page));
    expect(error).toMatchObject({
      code: 'net.captive-portal',
      class: 'unreachable',
      context: { sent: false, status: 302, detail: 'http://login.example/' },
    });
  });

  it('a proxy that can’t be reached is not taken for the service', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const exchange = { started: true, connected: false, viaProxy: true, reply: null };
    expect(classifyS3(refused, failed(null, { exchange }))).toMatchObject({ code: 'net.proxy', class: 'unreachable' });
    const certificate = Object.assign(new Error('self-signed'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(classifyS3(certificate, failed(null, { exchange })).code).toBe('net.tls');
    expect(classifyS3(SDK_ERROR, failed(reply(407))).code).toBe('net.proxy');
  });
});

describe('before anything was sent', () => {
  const unsent = failed(null, { exchange: { started: false, connected: false, viaProxy: false, reply: null } });

  it('credentials that can’t be had here are missing, not refused by a service', () => {
    const error = Object.assign(new Error('Could not resolve credentials'), { name: 'CredentialsProviderError' });
    expect(classifyS3(error, unsent)).toMatchObject({
      code: 'config.credentials-missing',
      context: { sent: false },
    });
  });

  it('a log-in service that can’t be reached is no wrong credential', () => {
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const error = Object.assign(new Error('no token', { cause: refused }), { name: 'CredentialsProviderError' });
    expect(classifyS3(error, unsent).code).toBe('net.refused');
  });

  it('our own errors stay as they are', () => {
    const missing = new LongshoreError('config.secret-missing', { subject: 'main' });
    expect(classifyS3(missing, unsent)).toBe(missing);
  });

  it('anything else is unexpected, with its own words', () => {
    const error = classifyS3(new TypeError('endpoint is odd'), unsent);
    expect(error).toMatchObject({ code: 'internal.unknown', context: { sent: false } });
    expect(error.context.detail).toContain('endpoint is odd');
  });
});
