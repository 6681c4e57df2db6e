import type { ErrorCode } from '../../core/error-table.ts';

/**
 * Error codes of S3 (Amazon S3 API reference, "Error responses") and of services that speak it (MinIO, Ceph, Backblaze)
 * whose meaning does not depend on the request.
 */
const BY_SERVICE_CODE: Readonly<Record<string, ErrorCode>> = {
  InvalidAccessKeyId: 's3.bad-credentials',
  SignatureDoesNotMatch: 's3.bad-credentials',
  ExpiredToken: 's3.bad-credentials',
  ExpiredTokenException: 's3.bad-credentials',
  InvalidToken: 's3.bad-credentials',
  TokenRefreshRequired: 's3.bad-credentials',
  InvalidSecurity: 's3.bad-credentials',
  InvalidClientTokenId: 's3.bad-credentials',
  UnrecognizedClientException: 's3.bad-credentials',

  AccessDenied: 's3.access-denied',
  AllAccessDisabled: 's3.access-denied',
  AccountProblem: 's3.access-denied',
  NotSignedUp: 's3.access-denied',
  UnauthorizedAccess: 's3.access-denied',

  NoSuchBucket: 's3.no-such-bucket',
  RequestTimeTooSkewed: 's3.clock-skew',

  PermanentRedirect: 's3.wrong-region',
  AuthorizationHeaderMalformed: 's3.wrong-region',
  InvalidRegion: 's3.wrong-region',
  IllegalLocationConstraintException: 's3.wrong-region',

  QuotaExceeded: 's3.quota',
  QuotaExceededException: 's3.quota',
  ServiceQuotaExceededException: 's3.quota',
  StorageFull: 's3.quota',
  StorageQuotaExceeded: 's3.quota',
  BucketQuotaExceeded: 's3.quota',
  UserQuotaExceeded: 's3.quota',
  InsufficientCapacity: 's3.quota',
  InsufficientStorage: 's3.quota',
  XMinioStorageFull: 's3.quota',
  XMinioAdminBucketQuotaExceeded: 's3.quota',
  storage_cap_exceeded: 's3.quota',
  cap_exceeded: 's3.quota',

  SlowDown: 's3.slow-down',
  SlowDownRead: 's3.slow-down',
  SlowDownWrite: 's3.slow-down',
  ServiceUnavailable: 's3.slow-down',
  Throttling: 's3.slow-down',
  ThrottlingException: 's3.slow-down',
  RequestThrottled: 's3.slow-down',
  RequestLimitExceeded: 's3.slow-down',
  TooManyRequests: 's3.slow-down',
  BandwidthLimitExceeded: 's3.slow-down',
  Busy: 's3.slow-down',

  // "Your socket connection to the server was not read from or written to within the timeout period."
  RequestTimeout: 'net.stalled',
  IncompleteBody: 'net.reset',
  InternalError: 's3.server-error',
  InternalFailure: 's3.server-error',
  TemporaryRedirect: 's3.server-error',

  ConditionalRequestConflict: 's3.busy',
  OperationAborted: 's3.busy',
  // A part that Complete names is gone or another: as with a lost upload, only a fresh one helps.
  InvalidPart: 's3.no-such-upload',
  NoSuchUpload: 's3.no-such-upload',

  BadDigest: 's3.checksum-mismatch',
  InvalidDigest: 's3.checksum-mismatch',
  XAmzContentChecksumMismatch: 's3.checksum-mismatch',
  XAmzContentSHA256Mismatch: 's3.checksum-mismatch',

  KeyTooLongError: 's3.key-too-long',
  KeyTooLong: 's3.key-too-long',
  EntityTooLarge: 's3.too-large',
  MaxMessageLengthExceeded: 's3.too-large',
  NotImplemented: 's3.not-supported',
  MethodNotAllowed: 's3.not-supported',
};

/** Statuses that mean the same whatever the service's code, or where there is none (HEAD, proxies). */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  301: 's3.wrong-region',
  // Any other redirect with an address is taken for a captive portal before.
  302: 's3.server-error',
  303: 's3.server-error',
  307: 's3.server-error',
  308: 's3.server-error',
  401: 's3.bad-credentials',
  403: 's3.access-denied',
  405: 's3.not-supported',
  407: 'net.proxy',
  408: 'net.stalled',
  409: 's3.busy',
  413: 's3.too-large',
  414: 's3.key-too-long',
  429: 's3.slow-down',
  501: 's3.not-supported',
  503: 's3.slow-down',
  507: 's3.quota',
};

export function byServiceCode(serviceCode: string): ErrorCode | undefined {
  return Object.hasOwn(BY_SERVICE_CODE, serviceCode) ? BY_SERVICE_CODE[serviceCode] : undefined;
}

/** For a reply without a known code. `named`: it has a code, only an unknown one. */
export function byStatus(status: number, named: boolean): ErrorCode {
  // Only a bare 409 is taken for two writes at once: services use it for much else.
  if (named && status === 409) return 's3.rejected';
  const known = Object.hasOwn(BY_STATUS, status) ? BY_STATUS[status] : undefined;
  if (known !== undefined) return known;
  // Below 300: a reply that made no sense. A later one may.
  return status >= 400 && status < 500 ? 's3.rejected' : 's3.server-error';
}
