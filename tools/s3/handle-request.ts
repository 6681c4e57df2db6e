import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authenticate } from './authenticate.ts';
import type { AuthPolicy } from './authenticate.ts';
import type { Counters } from './counters.ts';
import { errorReply, factsOf } from './error-reply.ts';
import { bandwidthOf, playFaults, resetAfterOf, truncateAfterOf } from './fault-effects.ts';
import type { Fault, FaultPlan } from './faults.ts';
import { refuseConditions, withoutIgnoredConditions } from './ignored-conditions.ts';
import type { Reply, ServerSettings } from './operation.ts';
import { isWrite, operationOf } from './operation-name.ts';
import type { OperationName } from './operation-name.ts';
import { OPERATIONS } from './operations.ts';
import { RequestBody } from './request-body.ts';
import { parseTarget } from './request-target.ts';
import type { RequestTarget } from './request-target.ts';
import { S3Error } from './s3-error.ts';
import { sendReply } from './send-reply.ts';
import type { Storage } from './storage.ts';

/** What every request meets. */
export interface ServerParts {
  readonly storage: Storage;
  readonly auth: AuthPolicy;
  readonly settings: ServerSettings;
  readonly faults: FaultPlan;
  readonly counters: Counters;
  /** Ends every wait when the server stops. */
  readonly closing: AbortSignal;
  /** Told of errors that are no refusal: a bug, or a disk that fails. */
  readonly onUnexpected: (error: unknown) => void;
}

/** One request while it is being answered. */
interface Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  target: RequestTarget | undefined;
  operation: OperationName | 'Refused';
  faults: readonly Fault[];
  bodyBytes: number;
  bodyStarted: boolean;
}

function partNumberOf(target: RequestTarget | undefined): number | undefined {
  const text = target?.query.get('partNumber');
  return text === null || text === undefined ? undefined : Number(text);
}

function expectsContinue(message: IncomingMessage): boolean {
  return message.headers.expect?.toLowerCase() === '100-continue';
}

/** From the signature to the effect. Undefined when a fault takes the reply away. */
async function perform(parts: ServerParts, exchange: Exchange, target: RequestTarget): Promise<Reply | undefined> {
  const { message, response, requestId } = exchange;
  const operation = operationOf(message.method ?? '', target, message.headers);
  exchange.operation = operation;
  const auth = authenticate(message, target, parts.auth);
  if (auth.credentials.access === 'read' && isWrite(operation)) throw new S3Error('AccessDenied');
  const { bucket, key } = target;
  exchange.faults = parts.faults.strike({ operation, bucket, key, partNumber: partNumberOf(target) });
  const before = await playFaults(exchange.faults, 'before-effect', message, requestId, parts.closing);
  if (before.kind !== 'go-on') return before.kind === 'reply' ? before.reply : undefined;
  refuseConditions(message.headers, operation, parts.settings.refusedConditions);
  const body = new RequestBody(message, auth, {
    beforeRead() {
      exchange.bodyStarted = true;
      if (expectsContinue(message)) response.writeContinue();
    },
    onWireBytes(bytes) {
      exchange.bodyBytes += bytes;
      parts.counters.of(operation).requestBodyBytes += bytes;
    },
    bandwidth: bandwidthOf(exchange.faults),
    closing: parts.closing,
    resetAfterBytes: resetAfterOf(exchange.faults),
  });
  const { storage, settings } = parts;
  const reply = await OPERATIONS[operation]({
    method: message.method ?? '',
    bucketName: bucket ?? '',
    key: key ?? '',
    query: target.query,
    headers: withoutIgnoredConditions(message.headers, operation, settings.ignoredConditions),
    body,
    storage,
    settings,
  });
  const after = await playFaults(exchange.faults, 'after-effect', message, requestId, parts.closing);
  if (after.kind === 'go-on') return reply;
  if (typeof reply.body === 'object') reply.body.release();
  return after.kind === 'reply' ? after.reply : undefined;
}

/** The reply to a request, refusals included. */
async function answer(parts: ServerParts, exchange: Exchange): Promise<Reply | undefined> {
  const { message, requestId } = exchange;
  try {
    exchange.target = parseTarget(message.url ?? '');
    return await perform(parts, exchange, exchange.target);
  } catch (error) {
    // A client that left gets no reply, and its going is no fault of this server.
    if (parts.closing.aborted || (message.destroyed && (!message.complete || error === message.errored)))
      return undefined;
    if (!(error instanceof S3Error)) parts.onUnexpected(error);
    return errorReply(factsOf(error), message, requestId);
  }
}

const DRAIN_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Takes in what is left of a refused request's body, within a limit, so that the client gets to read the refusal: a
 * connection closed on unread bytes is reset, and the reply is lost with it.
 */
function drain(parts: ServerParts, exchange: Exchange): void {
  const { message, response, operation } = exchange;
  if (message.complete || message.destroyed) return;
  if (expectsContinue(message) && !exchange.bodyStarted) {
    // The body was never asked for, so it may or may not come: only a new connection is unambiguous.
    response.setHeader('connection', 'close');
    return;
  }
  message.on('data', (chunk: Buffer) => {
    exchange.bodyBytes += chunk.length;
    parts.counters.of(operation).requestBodyBytes += chunk.length;
    if (exchange.bodyBytes > DRAIN_LIMIT_BYTES) message.socket.destroy();
  });
  message.resume();
}

/** Answers one S3 request; never throws. */
export async function handleRequest(
  parts: ServerParts,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const exchange: Exchange = {
    message,
    response,
    requestId: randomBytes(8).toString('hex').toUpperCase(),
    target: undefined,
    operation: 'Refused',
    faults: [],
    bodyBytes: 0,
    bodyStarted: false,
  };
  message.on('error', () => undefined);
  response.on('error', () => undefined);
  response.setHeader('server', 'longshore-s3-stand-in');
  response.setHeader('date', new Date(parts.settings.nowMs()).toUTCString());
  response.setHeader('x-amz-request-id', exchange.requestId);
  response.setHeader('x-amz-id-2', 'local-stand-in');
  const reply = await answer(parts, exchange);
  const count = parts.counters.of(exchange.operation);
  count.requests += 1;
  const { target } = exchange;
  parts.counters.finished({
    atMs: parts.settings.nowMs(),
    operation: exchange.operation,
    bucket: target?.bucket,
    key: target?.key,
    partNumber: partNumberOf(target),
    uploadId: target?.query.get('uploadId') ?? undefined,
    requestBodyBytes: exchange.bodyBytes,
    status: reply?.status,
  });
  if (reply === undefined) return;
  drain(parts, exchange);
  try {
    await sendReply(response, reply, {
      bandwidth: bandwidthOf(exchange.faults),
      closing: parts.closing,
      truncateAfterBytes: truncateAfterOf(exchange.faults),
      onBodyBytes(bytes) {
        count.replyBodyBytes += bytes;
      },
    });
  } catch (error) {
    if (!parts.closing.aborted) parts.onUnexpected(error);
    response.destroy();
  }
}
