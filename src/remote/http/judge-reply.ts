import type { ErrorCode } from '../../core/error-table.ts';
import { LongshoreError, type ErrorContext } from '../../core/longshore-error.ts';
import type { EpochMs, HttpReply } from '../../core/ports.ts';
import { bareUrl } from '../../core/redact-detail.ts';
import { parseRetryAfterMs } from '../retry-after.ts';
import { problemText } from './problem-text.ts';

/** What of the call decides how its reply is read. */
export interface CallFacts {
  readonly url: string;
  /** The call named the version that it was made for (`If-Match` or a field). */
  readonly versionSent: boolean;
  /** An earlier attempt of the same call was sent and got no reply, so it may have worked. */
  readonly earlierAmbiguous: boolean;
  /** Exact values that must not get into a detail. */
  readonly secrets: readonly string[];
}

export type Verdict =
  /** `version`: the ETag as the service wrote it, quotes and all, fit for `If-Match`. */
  | { readonly kind: 'succeeded'; readonly version?: string }
  | { readonly kind: 'conflict'; readonly error: LongshoreError }
  /** 412 after an ambiguous attempt: the version may have moved by our own hand. Read the record and compare first. */
  | { readonly kind: 'read-back'; readonly error: LongshoreError }
  | { readonly kind: 'error'; readonly error: LongshoreError };

/**
 * What a reply means for its call (DESIGN section 8, "Results").
 *
 * `context.sent` of an error is true when the reply leaves open whether the service acted: 5xx but for 501 and 503.
 */
export function judgeReply(call: CallFacts, reply: HttpReply, now: EpochMs): Verdict {
  const { status } = reply;
  // 304: the conditional GET found what we know already.
  if ((status >= 200 && status < 300) || status === 304) {
    const version = reply.headers['etag'];
    return version === undefined || version === '' ? { kind: 'succeeded' } : { kind: 'succeeded', version };
  }
  const failure = (code: ErrorCode) => new LongshoreError(code, contextOf(call, reply, now));
  if (status === 412) {
    return { kind: call.earlierAmbiguous ? 'read-back' : 'conflict', error: failure('conflict.record') };
  }
  if (status === 409) {
    if (call.earlierAmbiguous) return { kind: 'error', error: failure('call.in-progress') };
    if (call.versionSent) return { kind: 'conflict', error: failure('conflict.record') };
  }
  return { kind: 'error', error: failure(codeFor(status)) };
}

function codeFor(status: number): ErrorCode {
  switch (status) {
    case 401:
    case 403:
      return 'call.unauthorized';
    case 404:
      return 'call.not-found';
    // The service gave up waiting for our request.
    case 408:
      return 'net.timeout';
    case 425:
    case 429:
      return 'call.rate-limited';
    default:
      if (status >= 500) return 'call.server-error';
      return status >= 300 && status < 400 ? 'call.redirected' : 'call.rejected';
  }
}

function contextOf(call: CallFacts, reply: HttpReply, now: EpochMs): ErrorContext {
  const { status, headers } = reply;
  const redirected = status >= 300 && status < 400;
  const detail = redirected ? newAddress(call, headers['location']) : problemText(reply, call.secrets);
  const retryAfterMs = parseRetryAfterMs(headers['retry-after'], now);
  return {
    status,
    sent: status >= 500 && status !== 501 && status !== 503,
    subject: bareUrl(call.url),
    ...(detail === undefined ? {} : { detail }),
    ...(detail === undefined || redirected ? {} : { detailFrom: 'service' as const }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** Without its query: a redirect to a log-in carries tokens there. */
function newAddress(call: CallFacts, location: string | undefined): string | undefined {
  if (location === undefined || !URL.canParse(location, call.url)) return undefined;
  return bareUrl(new URL(location, call.url).href);
}
