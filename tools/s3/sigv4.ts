import { createHash, createHmac } from 'node:crypto';

/** The parts of a SigV4 credential scope. */
export interface CredentialScope {
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

export function hmacHex(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

export function scopeText(scope: CredentialScope): string {
  return `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
}

/** The derived key that signs requests and chunks within one scope. */
export function signingKey(secretAccessKey: string, scope: CredentialScope): Buffer {
  const steps = [scope.date, scope.region, scope.service, 'aws4_request'];
  let key = Buffer.from(`AWS4${secretAccessKey}`);
  for (const step of steps) key = createHmac('sha256', key).update(step).digest();
  return key;
}

/** RFC 3986 encoding as SigV4 wants it: everything but `A-Za-z0-9-_.~`. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** S3 encodes the path once and keeps its slashes, without normalising dots or doubled slashes. */
function canonicalPath(rawPath: string): string {
  return rawPath
    .split('/')
    .map((segment) => encodeRfc3986(decodeURIComponent(segment)))
    .join('/');
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]): [string, string] => [encodeRfc3986(name), encodeRfc3986(value)])
    .sort(([nameA, valueA], [nameB, valueB]) =>
      nameA === nameB ? compareAscii(valueA, valueB) : compareAscii(nameA, nameB),
    )
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compareAscii(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

export interface CanonicalInput {
  readonly method: string;
  readonly rawPath: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string;
  readonly signedHeaders: readonly string[];
  readonly payloadHash: string;
}

export function canonicalRequest(input: CanonicalInput): string {
  const headers = input.signedHeaders.map((name) => `${name}:${input.header(name).trim().replace(/\s+/g, ' ')}\n`);
  return [
    input.method,
    canonicalPath(input.rawPath),
    canonicalQuery(input.query),
    headers.join(''),
    input.signedHeaders.join(';'),
    input.payloadHash,
  ].join('\n');
}

/** @param timestamp `YYYYMMDDTHHMMSSZ`. */
export function stringToSign(timestamp: string, scope: CredentialScope, canonical: string): string {
  return ['AWS4-HMAC-SHA256', timestamp, scopeText(scope), sha256Hex(canonical)].join('\n');
}
