import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, FaultMoment } from './faults.ts';
import type { Reply } from './operation.ts';
import { errorReply } from './error-reply.ts';
import { sentenceOf } from './s3-error.ts';

/** What is left to do with a request once its faults have had their say. */
export type FaultOutcome =
  { readonly kind: 'go-on' } | { readonly kind: 'no-reply' } | { readonly kind: 'reply'; readonly reply: Reply };

function injectedError(fault: Extract<Fault, { kind: 'error' }>, message: IncomingMessage, requestId: string): Reply {
  const retryAfter = fault.retryAfterSeconds;
  const facts = {
    status: fault.status,
    code: fault.code,
    message: fault.message ?? sentenceOf(fault.code),
    headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  };
  return errorReply(facts, message, requestId);
}

/** Plays the faults of one moment on a request; the first that ends it wins. */
export async function playFaults(
  faults: readonly Fault[],
  moment: FaultMoment,
  message: IncomingMessage,
  requestId: string,
  closing: AbortSignal,
): Promise<FaultOutcome> {
  for (const fault of faults) {
    if (fault.kind === 'latency' && moment === 'before-effect') {
      await sleep(fault.delayMs, undefined, { signal: closing });
    }
    if (fault.kind === 'reset' && fault.when === moment) {
      message.socket.resetAndDestroy();
      return { kind: 'no-reply' };
    }
    if (fault.kind === 'hang' && fault.when === moment) {
      // The idle limit must not end what is meant to hang.
      message.socket.setTimeout(0);
      return { kind: 'no-reply' };
    }
    if (fault.kind === 'error' && (fault.when ?? 'before-effect') === moment) {
      return { kind: 'reply', reply: injectedError(fault, message, requestId) };
    }
  }
  return { kind: 'go-on' };
}

/** The narrowest of the bandwidth faults, Infinity for none. */
export function bandwidthOf(faults: readonly Fault[]): number {
  return Math.min(...faults.map((fault) => (fault.kind === 'bandwidth' ? fault.bytesPerSecond : Infinity)));
}

export function truncateAfterOf(faults: readonly Fault[]): number | undefined {
  return faults.find((fault) => fault.kind === 'truncate')?.afterBytes;
}

export function resetAfterOf(faults: readonly Fault[]): number | undefined {
  return faults.find((fault) => fault.kind === 'reset-mid-body')?.afterBytes;
}
