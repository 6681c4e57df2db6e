import type { ErrorCode } from '../../core/error-table.ts';
import { LongshoreError, toLongshoreError, type ErrorContext } from '../../core/longshore-error.ts';
import type { EpochMs, WriteCondition } from '../../core/ports.ts';
import { networkFailure } from '../network-failure.ts';
import { redactDetail, safeCause } from '../redact.ts';
import { parseRetryAfterMs } from '../retry-after.ts';
import { TransferEnded, type Exchange, type RawReply } from './exchange.ts';
import { byServiceCode, byStatus } from './service-codes.ts';

/** A reply with a good status that does not say what it must (thrown by the adapter, read only here). */
export class UnusableReply extends Error {
  override readonly name = 'UnusableReply';
}

export interface FailedRequest {
  /** Key, prefix or bucket. */
  readonly subject: string;
  /** Of a conditional write; null for everything else. */
  readonly condition: WriteCondition | null;
  readonly exchange: Pick<Exchange, 'started' | 'connected' | 'reply'>;
  readonly now: EpochMs;
}

const ENDED: Readonly<Record<TransferEnded['reason'], ErrorCode>> = {
  'connect-timeout': 'net.connect-timeout',
  stalled: 'net.stalled',
  'no-reply': 'net.timeout',
  'reply-too-long': 's3.server-error',
  'reply-cut': 'net.reset',
};

/**
 * The one place where errors of the SDK, of S3 and of the network under it become LongshoreErrors. Not for aborts: those
 * are the caller's own wish.
 *
 * `context.sent` of the result is true exactly when the service may have acted: a connection stood and either no whole
 * reply came, or one that leaves it open (5xx but for 503, or one that made no sense).
 */
export function classifyS3(error: unknown, failed: FailedRequest): LongshoreError {
  if (error instanceof LongshoreError) return error;
  const { exchange } = failed;
  if (!exchange.started) return beforeSending(error, failed);
  if (exchange.reply !== null) return classifyReply(error, exchange.reply, failed);

  const code = error instanceof TransferEnded ? ENDED[error.reason] : networkFailure(error, exchange.connected);
  if (code === null) return unexpected(error, failed);
  return new LongshoreError(
    code,
    { ...words(error), sent: exchange.connected, subject: failed.subject },
    safeCause(error),
  );
}

/** Credentials could not be had, or the SDK refused to make the request. */
function beforeSending(error: unknown, failed: FailedRequest): LongshoreError {
  const context = { ...words(error), sent: false, subject: failed.subject };
  const network = networkFailure(error, false);
  if (network !== null) return new LongshoreError(network, context, safeCause(error));
  const name = error instanceof Error ? error.name : '';
  // CredentialsProviderError and TokenProviderError, CredentialUnavailable of older ones; and STS's refusals.
  if (/Credential|TokenProvider/.test(name)) return new LongshoreError('s3.bad-credentials', context, safeCause(error));
  const known = byServiceCode(name);
  return known === undefined ? unexpected(error, failed) : new LongshoreError(known, context, safeCause(error));
}

function classifyReply(error: unknown, reply: RawReply, failed: FailedRequest): LongshoreError {
  const said = readErrorReply(reply);
  const code = codeOfReply(said.code, said.message, reply.status, failed.condition);
  const detail = redactDetail(
    [said.code, said.message ?? (error instanceof UnusableReply ? error.message : '')].filter(Boolean).join(': '),
  );
  const retryAfterMs = parseRetryAfterMs(reply.headers['retry-after'], failed.now);
  const context: ErrorContext = {
    status: reply.status,
    sent: effectUnknown(code, reply.status),
    subject: failed.subject,
    ...(detail === '' ? {} : { detail }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(said.code === undefined ? {} : { serviceCode: said.code }),
  };
  return new LongshoreError(code, context, safeCause(error));
}

function codeOfReply(
  serviceCode: string | undefined,
  message: string | undefined,
  status: number,
  condition: WriteCondition | null,
): ErrorCode {
  if (serviceCode === 'PreconditionFailed' || (status === 412 && serviceCode === undefined)) {
    if (condition === null) return 's3.rejected';
    return condition.kind === 'create' ? 'conflict.exists' : 'conflict.changed';
  }
  // One code for a wrong region and for a key that is empty or malformed.
  if (serviceCode === 'AuthorizationHeaderMalformed' && /access key/i.test(message ?? '')) return 's3.bad-credentials';
  const known = serviceCode === undefined ? undefined : byServiceCode(serviceCode);
  if (known !== undefined) return known;
  // If-Match found nothing. Services that name what is missing have been heard above.
  if (status === 404 && condition?.kind === 'replace') return 'conflict.deleted';
  return byStatus(status, serviceCode !== undefined);
}

function effectUnknown(code: ErrorCode, status: number): boolean {
  if (code.startsWith('conflict.')) return false;
  // "Slow down" is said before anything is done, also inside of a reply that began with 200.
  if (code === 's3.slow-down' || code === 's3.quota') return false;
  return status < 400 ? status < 300 : status >= 500 && status !== 501;
}

/** `<Error>` with code and message; nothing for a reply without a body, or one that is no S3 error. */
function readErrorReply(reply: RawReply): { readonly code?: string; readonly message?: string } {
  const text = reply.body.subarray(0, 64 * 1024).toString('utf8');
  if (!/<Error[\s>]/.test(text)) {
    const excerpt = reply.status < 300 ? '' : text.replaceAll(/<[^>]*>|\s+/g, ' ').trim();
    return excerpt === '' ? {} : { message: excerpt.slice(0, 500) };
  }
  const code = /<Code>\s*([^<]{1,200}?)\s*<\/Code>/.exec(text)?.[1];
  const message = /<Message>([^<]{0,4000})<\/Message>/.exec(text)?.[1];
  return {
    ...(code === undefined ? {} : { code }),
    ...(message === undefined || message === '' ? {} : { message: unescapeXml(message) }),
  };
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescapeXml(text: string): string {
  return text.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? '');
}

function unexpected(error: unknown, failed: FailedRequest): LongshoreError {
  const { code, context } = toLongshoreError(error);
  const { connected } = failed.exchange;
  const detail = redactDetail(context.detail ?? '');
  return new LongshoreError(code, { detail, sent: connected, subject: failed.subject }, safeCause(error));
}

function words(error: unknown): { readonly detail: string } {
  return { detail: redactDetail(error instanceof Error ? innermost(error).message : String(error)) };
}

/** Node gathers one error per address under an empty message. */
function innermost(error: Error): Error {
  if (error instanceof AggregateError && error.message === '') {
    const first: unknown = error.errors[0];
    if (first instanceof Error) return first;
  }
  return error;
}
