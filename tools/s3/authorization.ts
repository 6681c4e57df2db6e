import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { S3Error } from './s3-error.ts';
import type { CredentialScope } from './sigv4.ts';

/** What a request says about its own signature, not yet checked. */
export interface ClaimedSignature {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string;
  /** Only for a presigned request. */
  readonly expiresSeconds: number | undefined;
  /** The value of `x-amz-content-sha256`, or `UNSIGNED-PAYLOAD`. */
  readonly payloadHash: string;
  readonly securityToken: string | undefined;
}

const PAYLOAD_KINDS = new Set([
  'UNSIGNED-PAYLOAD',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
]);

function parseCredential(credential: string | undefined): { accessKeyId: string; scope: CredentialScope } {
  const parts = (credential ?? '').split('/');
  const [terminator, service, region, date] = parts.reverse();
  const accessKeyId = parts.slice(4).reverse().join('/');
  if (terminator !== 'aws4_request' || !service || !region || !date || accessKeyId === '') {
    throw new S3Error('AuthorizationHeaderMalformed', {
      message: 'The authorization header is malformed; the Credential is mal-formed',
    });
  }
  return { accessKeyId, scope: { date, region, service } };
}

function assertPayloadHash(value: string): string {
  if (PAYLOAD_KINDS.has(value) || /^[0-9a-f]{64}$/.test(value)) return value;
  throw new S3Error('InvalidArgument', {
    message: 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING value, or a valid sha256 value.',
  });
}

function single(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** `x-amz-date`, or the plain Date header in the same form. */
function requestTimestamp(headers: IncomingHttpHeaders): string {
  const amzDate = single(headers, 'x-amz-date');
  if (amzDate !== undefined) return amzDate;
  const dateMs = Date.parse(headers.date ?? '');
  return Number.isNaN(dateMs) ? '' : new Date(dateMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

function fromHeader(headers: IncomingHttpHeaders, authorization: string): ClaimedSignature {
  if (!authorization.startsWith('AWS4-HMAC-SHA256 ')) {
    throw new S3Error('InvalidRequest', {
      message: 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    });
  }
  const fields = new Map<string, string>();
  for (const field of authorization.slice('AWS4-HMAC-SHA256 '.length).split(',')) {
    const equals = field.indexOf('=');
    fields.set(field.slice(0, equals).trim(), field.slice(equals + 1).trim());
  }
  const signedHeaders = fields.get('SignedHeaders');
  const signature = fields.get('Signature');
  if (signedHeaders === undefined || signature === undefined) throw new S3Error('AuthorizationHeaderMalformed');
  const payloadHash = single(headers, 'x-amz-content-sha256');
  if (payloadHash === undefined) {
    throw new S3Error('InvalidRequest', {
      message: 'Missing required header for this request: x-amz-content-sha256',
    });
  }
  return {
    ...parseCredential(fields.get('Credential')),
    signedHeaders: signedHeaders.split(';'),
    signature,
    timestamp: requestTimestamp(headers),
    expiresSeconds: undefined,
    payloadHash: assertPayloadHash(payloadHash),
    securityToken: single(headers, 'x-amz-security-token'),
  };
}

function fromQuery(headers: IncomingHttpHeaders, query: URLSearchParams): ClaimedSignature {
  const required = (name: string): string => {
    const value = query.get(name);
    if (value !== null && value !== '') return value;
    throw new S3Error('AuthorizationQueryParametersError', {
      message:
        'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, ' +
        'X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    });
  };
  if (required('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') throw new S3Error('AuthorizationQueryParametersError');
  const payloadHash = single(headers, 'x-amz-content-sha256') ?? query.get('X-Amz-Content-Sha256');
  return {
    ...parseCredential(required('X-Amz-Credential')),
    signedHeaders: required('X-Amz-SignedHeaders').split(';'),
    signature: required('X-Amz-Signature'),
    timestamp: required('X-Amz-Date'),
    expiresSeconds: Number(required('X-Amz-Expires')),
    payloadHash: assertPayloadHash(payloadHash ?? 'UNSIGNED-PAYLOAD'),
    securityToken: query.get('X-Amz-Security-Token') ?? undefined,
  };
}

/** @throws S3Error `AccessDenied` when there is no signature at all: nothing here is public. */
export function parseAuthorization(message: IncomingMessage, query: URLSearchParams): ClaimedSignature {
  const authorization = message.headers.authorization;
  if (authorization !== undefined) return fromHeader(message.headers, authorization);
  if (query.has('X-Amz-Signature') || query.has('X-Amz-Algorithm')) return fromQuery(message.headers, query);
  throw new S3Error('AccessDenied');
}
