import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import type { EpochMs } from '../../core/ports.ts';
import type { AwsKeys } from './options.ts';

/**
 * AWS Signature Version 4 in the Authorization header, for S3: the path is encoded once and never normalised (AWS General
 * Reference, "Create a signed AWS API request"). For the requests that come by the thousand; the SDK signs the others.
 */

/** The payload is guarded by TLS and by its checksum header alone. */
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
export const EMPTY_PAYLOAD_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface UnsignedRequest {
  readonly method: string;
  readonly host: string;
  /** Percent-encoded, as it will be sent. */
  readonly path: string;
  /** Percent-encoded, names sorted, each with "="; without "?". */
  readonly query: string;
  /** To be signed and sent, names in lower case, in any order; `host` and the signature's own are added. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** SHA-256 of the body in hex, or `UNSIGNED_PAYLOAD`. */
  readonly payload: string;
}

/** Signs for one service in one region. Keeps the key that is derived for the day. */
export class SigV4 {
  readonly #region: string;
  readonly #service: string;
  #derived: { readonly day: string; readonly secret: string; readonly key: KeyObject } | null = null;
  #second: { readonly startedAt: EpochMs; readonly text: string } | null = null;

  constructor(region: string, service: string) {
    this.#region = region;
    this.#service = service;
  }

  /** Names and values in turn, of all headers to send but those about the connection and the length. */
  sign(request: UnsignedRequest, keys: AwsKeys, now: EpochMs): string[] {
    const time = this.#time(now);
    const day = time.slice(0, 8);
    const headers: (readonly [string, string])[] = [
      ...request.headers,
      ['host', request.host],
      ['x-amz-content-sha256', request.payload],
      ['x-amz-date', time],
    ];
    if (keys.sessionToken !== null) headers.push(['x-amz-security-token', keys.sessionToken]);
    headers.sort(([a], [b]) => (a < b ? -1 : 1));

    let canonicalHeaders = '';
    let names = '';
    const sent: string[] = [];
    for (const [name, value] of headers) {
      canonicalHeaders += `${name}:${canonicalValue(value)}\n`;
      names += names === '' ? name : `;${name}`;
      sent.push(name, value);
    }
    const canonical = `${request.method}\n${request.path}\n${request.query}\n${canonicalHeaders}\n${names}\n${request.payload}`;
    const scope = `${day}/${this.#region}/${this.#service}/aws4_request`;
    const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
    const signature = createHmac('sha256', this.#key(keys, day)).update(toSign).digest('hex');
    sent.push(
      'authorization',
      `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    );
    return sent;
  }

  /** As a key object: to make one anew for each signature would take six times as long as the signature. */
  #key(keys: AwsKeys, day: string): KeyObject {
    const secret = keys.secretAccessKey;
    if (this.#derived?.day === day && this.#derived.secret === secret) return this.#derived.key;
    let bytes: Buffer | string = `AWS4${secret}`;
    for (const text of [day, this.#region, this.#service, 'aws4_request']) {
      bytes = createHmac('sha256', bytes).update(text).digest();
    }
    const key = createSecretKey(bytes as Buffer);
    this.#derived = { day, secret, key };
    return key;
  }

  /** In ISO 8601's basic form, to the second. */
  #time(now: EpochMs): string {
    const startedAt = Math.floor(now / 1000) * 1000;
    if (this.#second?.startedAt === startedAt) return this.#second.text;
    const text = new Date(startedAt).toISOString().replace(/\.\d{3}|[:-]/g, '');
    this.#second = { startedAt, text };
    return text;
  }
}

/** Without blanks around it, and with one for each row of them within. */
function canonicalValue(value: string): string {
  return /^\s|\s$|\s\s|[^\S ]/.test(value) ? value.trim().replaceAll(/\s+/g, ' ') : value;
}

/** Everything but letters, digits and "-._~" percent-encoded. A lone surrogate becomes U+FFFD, as in UTF-8. */
export function encodeRfc3986(text: string): string {
  if (/^[A-Za-z0-9._~-]*$/.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A key as it stands in a path: "/" separates and stays, also when doubled; "." and ".." are names like others. */
export function encodeKey(key: string): string {
  return key.split('/').map(encodeRfc3986).join('/');
}
