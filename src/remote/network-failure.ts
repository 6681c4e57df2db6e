import errors from 'undici/lib/core/errors.js';
import type { ErrorCode } from '../core/error-table.ts';

/** Codes of Node's and OpenSSL's errors. Those that mean the same before and after a connection stood. */
const BY_CODE: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'net.refused',
  ENOTFOUND: 'net.dns',
  EAI_AGAIN: 'net.dns',
  EAI_FAIL: 'net.dns',
  EAI_NODATA: 'net.dns',
  EAI_NONAME: 'net.dns',
  ENODATA: 'net.dns',
  ENETUNREACH: 'net.unreachable',
  EHOSTUNREACH: 'net.unreachable',
  ENETDOWN: 'net.unreachable',
  EHOSTDOWN: 'net.unreachable',
  EADDRNOTAVAIL: 'net.unreachable',
  EPROTO: 'net.tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'net.tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'net.tls',
  HOSTNAME_MISMATCH: 'net.tls',
  // Of Node's agents: the proxy answered CONNECT with something else than 200.
  ERR_PROXY_TUNNEL: 'net.proxy',
};
const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|CRL_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|ERR_OSSL_)/;
const BROKEN_CODES: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ERR_SOCKET_CLOSED',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
]);
const TIMEOUT_CODES: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
]);

/**
 * Which failure of the network `error` is, or null when it is something else. `connected`: a connection stood (TLS
 * included), so the service may have got something.
 *
 * A break before the connection stood gates the service like any other way of not reaching it; after it, it is an
 * attempt that failed.
 */
export function networkFailure(error: unknown, connected: boolean): ErrorCode | null {
  for (const { code, syscall } of systemErrors(error)) {
    // A local firewall rule refuses it. Of another call (a file, say) they are none of the network's.
    if (syscall === 'connect' && (code === 'EACCES' || code === 'EPERM')) return 'net.unreachable';
    if (TIMEOUT_CODES.has(code)) return connected ? 'net.timeout' : 'net.connect-timeout';
    if (BROKEN_CODES.has(code)) return connected ? 'net.reset' : 'net.unreachable';
    if (TLS_CODE.test(code)) return 'net.tls';
    const known = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
    if (known !== undefined) return known;
    // The HTTP parser met something that is no HTTP.
    if (code.startsWith('HPE_')) return 'net.reset';
  }
  return error instanceof errors.HTTPParserError ? 'net.reset' : null;
}

interface SystemError {
  readonly code: string;
  readonly syscall: unknown;
}

/** What has a code: an error, those it gathers (one per address that was tried), and its causes. */
function systemErrors(error: unknown, depth = 0): SystemError[] {
  if (!(error instanceof Error) || depth > 5) return [];
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  const own = code === null ? [] : [{ code, syscall: 'syscall' in error ? error.syscall : undefined }];
  const gathered = error instanceof AggregateError ? error.errors.flatMap((one) => systemErrors(one, depth + 1)) : [];
  return [...own, ...gathered, ...systemErrors(error.cause, depth + 1)];
}
