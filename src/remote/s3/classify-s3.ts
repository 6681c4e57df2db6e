import type { ErrorCode } from '../../core/error-table.ts';
import { LongshoreError, toLongshoreError, type ErrorContext } from '../../core/longshore-error.ts';
import type { EpochMs, WriteCondition } from '../../core/ports.ts';
import { networkFailure } from '../network-failure.ts';
import { bareUrl, redactDetail, safeCause } from '../../core/redact-detail.ts';
import { parseRetryAfterMs } from '../retry-after.ts';
import { TransferEnded, type Exchange, type RawReply } from './exchange.ts';
import { byServiceCode, byStatus } from './service-codes.ts';

/** A reply with a good status that does not say what it must (thrown by the adapter, read only here). */
export class UnusableReply extends Error {
  override readonly name = 'UnusableReply';
}

/** A reply of the lean path with an error's status (read only here, from the exchange). */
export class RefusedReply extends Error {
  override readonly name = 'RefusedReply';

  constructor(status: number) {
    super(`the service answered with ${status}`);
  }
}

/**
 * What a refused precondition means depends on who set it: a write's or a delete's is about the object's present version, a
 * copy has one for its source and one for its target, and a read is pinned to a version.
 */
export type RequestCondition = WriteCondition['kind'] | 'delete' | 'copy' | 'read';

export interface FailedRequest {
  /** Key, prefix or bucket. */
  readonly subject: string;
  /** Null for a request without a precondition. */
  readonly condition: RequestCondition | null;
  readonly exchange: Pick<Exchange, 'started' | 'connected' | 'viaProxy' | 'reply'>;
  readonly now: EpochMs;
}

const ENDED: Readonly<Record<TransferEnded['reason'], ErrorCode>> = {
  stalled: 'net.stalled',
  'no-reply': 'net.timeout',
  'reply-too-long': 's3.server-error',
  'captive-portal': 'net.captive-portal',
  // Never told to anyone: its request has ended in another way.
  'not-wanted': 'net.reset',
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
  if (error instanceof TransferEnded && error.reason === 'captive-portal') return inTheWay(error, failed);
  if (exchange.reply !== null) return classifyReply(error, exchange.reply, failed);

  const met = codeOfEnd(error, exchange.connected);
  // It is the proxy that could not be reached. What TLS has to say is about the service behind it, most often.
  const code = exchange.viaProxy && !exchange.connected && met !== 'net.tls' ? 'net.proxy' : met;
  if (code === null) return unexpected(error, failed);
  return new LongshoreError(
    code,
    { ...words(error), sent: exchange.connected, subject: failed.subject },
    safeCause(error),
  );
}

function codeOfEnd(error: unknown, connected: boolean): ErrorCode | null {
  if (error instanceof TransferEnded) return ENDED[error.reason];
  // Of a reply that was given up half-way.
  return error instanceof UnusableReply ? 's3.server-error' : networkFailure(error, connected);
}

/** The service got nothing: another answered in its place. */
function inTheWay(error: TransferEnded, failed: FailedRequest): LongshoreError {
  const { reply } = failed.exchange;
  const location = bareUrl(reply?.headers['location'] ?? '');
  return new LongshoreError(
    'net.captive-portal',
    {
      ...(reply === null ? {} : { status: reply.status }),
      ...(location === '' ? {} : { detail: location }),
      sent: false,
      subject: failed.subject,
    },
    safeCause(error),
  );
}

/** Credentials could not be had, or the SDK refused to make the request. */
function beforeSending(error: unknown, failed: FailedRequest): LongshoreError {
  const context = { ...words(error), sent: false, subject: failed.subject };
  const network = networkFailure(error, false);
  if (network !== null) return new LongshoreError(network, context, safeCause(error));
  const name = error instanceof Error ? error.name : '';
  // CredentialsProviderError and TokenProviderError, CredentialUnavailable of older ones: no service has refused anything.
  if (/Credential|TokenProvider/.test(name))
    return new LongshoreError('config.credentials-missing', context, safeCause(error));
  // STS's refusals.
  const known = byServiceCode(name);
  return known === undefined ? unexpected(error, failed) : new LongshoreError(known, context, safeCause(error));
}

function classifyReply(error: unknown, reply: RawReply, failed: FailedRequest): LongshoreError {
  const said = readErrorReply(reply);
  const code = codeOfReply(said.code, said.message, reply.status, failed.condition);
  const message = said.message ?? (error instanceof UnusableReply ? error.message : '');
  // Apart: together a code such as "InvalidToken" would look like the name of a secret that follows.
  const detail = [said.code ?? '', message, ...(code === 's3.wrong-region' ? [regionOf(reply)] : [])]
    .map((text) => redactDetail(text))
    .filter(Boolean)
    .join(': ');
  const retryAfterMs = parseRetryAfterMs(reply.headers['retry-after'], failed.now);
  const context: ErrorContext = {
    status: reply.status,
    sent: effectUnknown(code, reply.status),
    subject: failed.subject,
    ...(detail === '' ? {} : { detail }),
    ...(detail === '' || (said.code ?? said.message) === undefined ? {} : { detailFrom: 'service' as const }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(said.code === undefined ? {} : { serviceCode: said.code }),
  };
  return new LongshoreError(code, context, safeCause(error));
}

function codeOfReply(
  serviceCode: string | undefined,
  message: string | undefined,
  status: number,
  condition: RequestCondition | null,
): ErrorCode {
  if (serviceCode === 'PreconditionFailed' || (status === 412 && serviceCode === undefined)) {
    return condition === null ? 's3.rejected' : PRECONDITION[condition];
  }
  // One code for a wrong region and for a key that is empty or malformed.
  if (serviceCode === 'AuthorizationHeaderMalformed' && /access key/i.test(message ?? '')) return 's3.bad-credentials';
  const known = serviceCode === undefined ? undefined : byServiceCode(serviceCode);
  if (known !== undefined) return known;
  // If-Match found nothing. Services that name what is missing have been heard above.
  if (status === 404 && condition === 'replace') return 'conflict.deleted';
  if (status === 404 && (condition === 'copy' || condition === 'read')) return 's3.no-such-key';
  return byStatus(status, serviceCode !== undefined);
}

const PRECONDITION: Readonly<Record<RequestCondition, ErrorCode>> = {
  create: 'conflict.exists',
  replace: 'conflict.changed',
  delete: 'conflict.changed',
  read: 'conflict.changed',
  copy: 's3.precondition-failed',
};

function effectUnknown(code: ErrorCode, status: number): boolean {
  if (code.startsWith('conflict.') || code === 's3.precondition-failed') return false;
  // "Slow down" is said before anything is done, also inside of a reply that began with 200.
  if (code === 's3.slow-down' || code === 's3.quota') return false;
  return status < 400 ? status < 300 : status >= 500 && status !== 501;
}

/** Where the bucket is, as Amazon S3 and some others tell. */
function regionOf({ headers, body }: RawReply): string {
  const region =
    headers['x-amz-bucket-region'] ??
    /<Region>([^<]{1,40})<\/Region>/.exec(body.subarray(0, 64 * 1024).toString('utf8'))?.[1];
  return region !== undefined && /^[a-z0-9-]{1,40}$/.test(region) ? `it is in ${region}` : '';
}

/** `<Error>` with code and message; nothing for a reply without a body, or one that is no S3 error. */
function readErrorReply(reply: RawReply): { readonly code?: string; readonly message?: string } {
  const text = reply.body.subarray(0, 64 * 1024).toString('utf8');
  if (!/<Error[\s>]/.test(text)) {
    // What is no text would be shown as gibberish.
    const isText = !/[\0\uFFFD]/.test(text);
    const excerpt = reply.status < 300 || !isText ? '' : text.replaceAll(/<[^>]*>|\s+/g, ' ').trim();
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
