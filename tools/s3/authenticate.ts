import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { parseAuthorization } from './authorization.ts';
import type { ClaimedSignature } from './authorization.ts';
import type { RequestTarget } from './request-target.ts';
import { S3Error } from './s3-error.ts';
import { canonicalRequest, hmacHex, signingKey, stringToSign } from './sigv4.ts';
import type { CredentialScope } from './sigv4.ts';

/** A key pair that the server accepts. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Asked for as `x-amz-security-token` when set. */
  readonly sessionToken?: string;
  /** `read` refuses every request that changes something with `AccessDenied`. Default `full`. */
  readonly access?: 'full' | 'read';
}

export interface AuthPolicy {
  readonly credentials: readonly Credentials[];
  readonly region: string;
  /** How far a client's clock may be off, in ms either way. */
  readonly clockSkewLimitMs: number;
  readonly nowMs: () => number;
}

/** A request whose signature held; what chunk signatures build on comes along. */
export interface Authenticated {
  readonly credentials: Credentials;
  readonly payloadHash: string;
  readonly timestamp: string;
  readonly scope: CredentialScope;
  readonly signingKey: Buffer;
  readonly signature: string;
}

const EXPIRES_LIMIT_SECONDS = 7 * 24 * 3600;

function parseTimestamp(timestamp: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp);
  if (match === null) {
    throw new S3Error('AccessDenied', { message: 'AWS authentication requires a valid Date or x-amz-date header' });
  }
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function isoSeconds(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** A header-signed request must be about now; a presigned one must have begun and not run out. */
function assertTimely(claim: ClaimedSignature, policy: AuthPolicy): void {
  const signedAtMs = parseTimestamp(claim.timestamp);
  const nowMs = policy.nowMs();
  if (claim.expiresSeconds === undefined) {
    if (Math.abs(nowMs - signedAtMs) <= policy.clockSkewLimitMs) return;
    throw new S3Error('RequestTimeTooSkewed', {
      elements: {
        RequestTime: claim.timestamp,
        ServerTime: isoSeconds(nowMs),
        MaxAllowedSkewMilliseconds: String(policy.clockSkewLimitMs),
      },
    });
  }
  if (!(claim.expiresSeconds >= 1 && claim.expiresSeconds <= EXPIRES_LIMIT_SECONDS)) {
    throw new S3Error('AuthorizationQueryParametersError', {
      message: 'X-Amz-Expires must be between 1 second and a week (604800 seconds)',
    });
  }
  if (signedAtMs - nowMs > policy.clockSkewLimitMs) {
    throw new S3Error('AccessDenied', { message: 'Request is not valid yet' });
  }
  const expiresAtMs = signedAtMs + claim.expiresSeconds * 1000;
  if (nowMs > expiresAtMs) {
    throw new S3Error('AccessDenied', {
      message: 'Request has expired',
      elements: { Expires: isoSeconds(expiresAtMs), ServerTime: isoSeconds(nowMs) },
    });
  }
}

function assertScope(scope: CredentialScope, timestamp: string, region: string): void {
  if (scope.region !== region) {
    throw new S3Error('AuthorizationHeaderMalformed', {
      message: `The authorization header is malformed; the region '${scope.region}' is wrong; expecting '${region}'`,
      elements: { Region: region },
    });
  }
  if (scope.service !== 's3' || scope.date !== timestamp.slice(0, 8)) {
    throw new S3Error('AuthorizationHeaderMalformed');
  }
}

/** Every `x-amz-*` header changes what a request means, so all of them and the host must be under the signature. */
function assertCovered(message: IncomingMessage, signedHeaders: readonly string[]): void {
  const signed = new Set(signedHeaders);
  const missing = ['host', ...Object.keys(message.headers).filter((name) => name.startsWith('x-amz-'))].filter(
    (name) => !signed.has(name),
  );
  if (missing.length > 0) {
    throw new S3Error('AccessDenied', {
      message: 'There were headers present in the request which were not signed',
      elements: { HeadersNotSigned: missing.join(', ') },
    });
  }
}

function equalHex(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * Checks the SigV4 signature of a request, from its header or its query.
 * @throws S3Error in the words that S3 uses for each way to fail.
 */
export function authenticate(message: IncomingMessage, target: RequestTarget, policy: AuthPolicy): Authenticated {
  const claim = parseAuthorization(message, target.query);
  const credentials = policy.credentials.find((known) => known.accessKeyId === claim.accessKeyId);
  if (credentials === undefined) {
    throw new S3Error('InvalidAccessKeyId', { elements: { AWSAccessKeyId: claim.accessKeyId } });
  }
  if (credentials.sessionToken !== undefined && claim.securityToken !== credentials.sessionToken) {
    throw new S3Error('InvalidToken');
  }
  assertScope(claim.scope, claim.timestamp, policy.region);
  assertCovered(message, claim.signedHeaders);
  const canonical = canonicalRequest({
    method: message.method ?? '',
    rawPath: target.rawPath,
    query: target.query,
    header: (name) => String(message.headers[name] ?? ''),
    signedHeaders: claim.signedHeaders,
    payloadHash: claim.payloadHash,
  });
  const key = signingKey(credentials.secretAccessKey, claim.scope);
  const toSign = stringToSign(claim.timestamp, claim.scope, canonical);
  if (!equalHex(hmacHex(key, toSign), claim.signature)) {
    throw new S3Error('SignatureDoesNotMatch', {
      elements: { AWSAccessKeyId: claim.accessKeyId, StringToSign: toSign, CanonicalRequest: canonical },
    });
  }
  assertTimely(claim, policy);
  const { payloadHash, timestamp, scope, signature } = claim;
  return { credentials, payloadHash, timestamp, scope, signingKey: key, signature };
}
