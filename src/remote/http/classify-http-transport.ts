import type { ErrorCode } from '../../core/error-table.ts';
import { LongshoreError } from '../../core/longshore-error.ts';
import { networkFailure } from '../network-failure.ts';
import { bareUrl, redactDetail, safeCause } from '../../core/redact-detail.ts';

export interface FailedCall {
  readonly url: string;
  /** A connection stood, so the service may have got the call. */
  readonly connected: boolean;
  /** Status and headers of a reply came; its body did not come whole. */
  readonly replying: boolean;
  /** Values of headers that may hold a secret. */
  readonly secrets: readonly string[];
}

/** The attempt's time was up; `connect` when no connection stood by then. Thrown by the client, read only here. */
export class CallTimedOut extends Error {
  override readonly name = 'CallTimedOut';
}

/** A call that can't be written as HTTP, by the name of what is wrong; never with a value. */
export class MalformedCall extends Error {
  override readonly name = 'MalformedCall';
}

/**
 * The one place where failures under HTTP calls become LongshoreErrors. Not for aborts, and not for replies: any status is
 * a reply (`judge-reply.ts`). `context.sent` is true when the service may have acted.
 */
export function classifyHttpTransport(error: unknown, failed: FailedCall): LongshoreError {
  if (error instanceof LongshoreError) return error;
  const subject = bareUrl(failed.url);
  if (error instanceof MalformedCall) {
    return new LongshoreError('call.rejected', { detail: error.message, sent: false, subject });
  }
  const { connected, replying, secrets } = failed;
  const text = error instanceof Error ? error.message : String(error);
  const context = { detail: redactDetail(text, secrets), sent: connected, subject };
  return new LongshoreError(codeOf(error, connected, replying), context, safeCause(error, secrets));
}

function codeOf(error: unknown, connected: boolean, replying: boolean): ErrorCode {
  if (error instanceof CallTimedOut) return connected ? 'net.timeout' : 'net.connect-timeout';
  const network = networkFailure(error, connected);
  if (network !== null) return network;
  // A body that ended early, or is not packed as its header says.
  return replying ? 'net.reset' : 'internal.unknown';
}
