import { LongshoreError } from '../../core/longshore-error.ts';
import type { HttpRequest } from '../../core/ports.ts';

/** Auth with its secrets looked up. */
export type ResolvedAuth =
  | { readonly type: 'none' }
  | { readonly type: 'bearer'; readonly token: string }
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  | { readonly type: 'apiKey'; readonly header: string; readonly value: string };

/** A provider as one request needs it: the configuration with all secrets looked up. */
export interface ResolvedProvider {
  /** Absolute URL without trailing "/". */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Names, as in `headers`, of those whose value is a secret. */
  readonly secretHeaders: readonly string[];
  readonly auth: ResolvedAuth;
  readonly timeoutMs: number;
}

export interface Call {
  readonly method: string;
  /** Path under the provider's address, with or without leading "/", with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  /** Sent as `If-Match` as it is. */
  readonly expectedVersion: string | null;
  readonly idempotencyKey: string | null;
}

/** Replies are kept in a row of the outbox and shown; what is longer is cut. */
const DEFAULT_MAX_REPLY_BYTES = 1024 * 1024;

/**
 * The request for a call to a provider. Of headers with one name the most particular counts: version and idempotency key,
 * then the call's, then the provider's auth, then its other headers. A body of which nobody says what it is, and which is
 * JSON, is sent as that. Names come out in lower case.
 *
 * @throws LongshoreError `call.rejected` for a path that leads out of the provider's address: the provider's secrets
 * travel with the request
 */
export function providerRequest(
  provider: ResolvedProvider,
  call: Call,
  maxReplyBytes: number = DEFAULT_MAX_REPLY_BYTES,
): HttpRequest {
  return {
    method: call.method.toUpperCase(),
    url: addressOf(provider.baseUrl, call.path),
    headers: {
      ...typeOf(call.body),
      ...lowerCased(provider.headers),
      ...authHeaders(provider.auth),
      ...lowerCased(call.headers),
      ...(call.expectedVersion === null ? {} : { 'if-match': call.expectedVersion }),
      ...(call.idempotencyKey === null ? {} : { 'idempotency-key': call.idempotencyKey }),
    },
    body: call.body,
    timeoutMs: provider.timeoutMs,
    maxReplyBytes,
  };
}

/** The values that must not show up in a detail (P12). */
export function secretsOf(provider: ResolvedProvider): readonly string[] {
  const inHeaders = provider.secretHeaders.flatMap((name) => provider.headers[name] ?? []);
  return [...secretsOfAuth(provider.auth), ...inHeaders];
}

function secretsOfAuth(auth: ResolvedAuth): readonly string[] {
  switch (auth.type) {
    case 'none':
      return [];
    case 'bearer':
      return [auth.token];
    case 'basic':
      return [auth.password, basicValue(auth)];
    case 'apiKey':
      return [auth.value];
  }
}

function addressOf(baseUrl: string, path: string): string {
  const base = new URL(baseUrl);
  const root = base.pathname.replace(/\/+$/, '');
  const joined = `${base.origin}${root}/${path.replace(/^\/+/, '')}`;
  const url = URL.canParse(joined) ? new URL(joined) : null;
  // The parser resolves "..", "%2e%2e" and "\", so only the outcome counts.
  if (url === null || url.origin !== base.origin || !`${url.pathname}/`.startsWith(`${root}/`)) {
    throw new LongshoreError('call.rejected', {
      detail: 'the path of the call leads out of the address of its provider',
      sent: false,
      subject: `${base.origin}${root}`,
    });
  }
  url.hash = '';
  return url.href;
}

function authHeaders(auth: ResolvedAuth): Record<string, string> {
  switch (auth.type) {
    case 'none':
      return {};
    case 'bearer':
      return { authorization: `Bearer ${auth.token}` };
    case 'basic':
      return { authorization: `Basic ${basicValue(auth)}` };
    case 'apiKey':
      return { [auth.header.toLowerCase()]: auth.value };
  }
}

function typeOf(body: Uint8Array | null): Record<string, string> {
  if (body === null) return {};
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return { 'content-type': 'application/json' };
  } catch {
    return {};
  }
}

/** RFC 7617, in UTF-8. */
function basicValue(auth: { readonly username: string; readonly password: string }): string {
  return Buffer.from(`${auth.username}:${auth.password}`, 'utf8').toString('base64');
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
