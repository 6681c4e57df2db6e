import type { ProxyResolver } from '../proxy.ts';

/** What the adapter needs to know of a destination. The composition root makes it from the configuration. */

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
}

export type S3Credentials =
  | ({ readonly kind: 'literal' } & AwsKeys)
  /** AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. */
  | { readonly kind: 'env' }
  /** A profile of the shared AWS configuration files, with all that a profile may name (SSO, roles, a process). */
  | { readonly kind: 'profile'; readonly profile: string }
  /** Looked up by the caller at each use; may reject with `config.secret-missing`. */
  | { readonly kind: 'secret'; readonly resolve: () => Promise<AwsKeys> };

/** In what services differ from Amazon S3. */
export interface S3Dialect {
  /** False for a service that wants `If-Match` without quotes around the ETag (Ceph 16 does). */
  readonly quotedIfMatch: boolean;
  /**
   * False for a service that does not take the CRC headers: then a Content-MD5 guards the body, and what arrived is judged
   * by the ETag.
   */
  readonly checksums: boolean;
}

export const AMAZON_DIALECT: S3Dialect = { quotedIfMatch: true, checksums: true };

export interface S3Limits {
  /** Open connections to the service, and so requests under way; more wait for one. */
  readonly maxSockets: number;
  /** For name look-up, TCP and TLS together, ms. */
  readonly connectTimeoutMs: number;
  /** An attempt ends when no byte moved for so long, ms. There is no limit on its total time. */
  readonly stallTimeoutMs: number;
  /**
   * For the first byte of the reply after the last of the request, ms. Longer than a stall: the system's send buffer may
   * still be draining, and the service has work to do.
   */
  readonly replyTimeoutMs: number;
  /** The same for CompleteMultipartUpload, which may take minutes to put a large object together (Amazon S3 API reference). */
  readonly completeTimeoutMs: number;
}

export const DEFAULT_S3_LIMITS: S3Limits = {
  maxSockets: 64,
  connectTimeoutMs: 10_000,
  stallTimeoutMs: 30_000,
  replyTimeoutMs: 60_000,
  completeTimeoutMs: 5 * 60_000,
};

export interface S3Options {
  /** Absolute URL without trailing "/". */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly forcePathStyle: boolean;
  readonly credentials: S3Credentials;
  /** The destination's prefix; what `probe` asks for. */
  readonly prefix: string;
  /** "{bucket}" and "{key}" are replaced, percent-encoded; null: `viewUrl` presigns. */
  readonly publicUrl: string | null;
  readonly dialect?: S3Dialect;
  readonly limits?: Partial<S3Limits>;
  /** Who signs and reads the frequent requests: ourselves, which is cheap, or the SDK. */
  readonly signing?: 'lean' | 'sdk';
  /** Certificate authorities (PEM) to trust in place of the built-in ones. */
  readonly ca?: readonly string[];
  /** Which proxy to go through; without one, none. */
  readonly proxyFor?: ProxyResolver;
  /** Where the worker is that sends crowds of small files; without it, none does. */
  readonly sendWorkerUrl?: URL;
  /** Product and version for the User-Agent header. */
  readonly userAgent?: string;
}
