/** The first exchange on a socket: the client shows the token, the engine shows the nonce; both from `engine.json`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { REQUESTS } from './contract.ts';
import { requestId } from './rpc-message.ts';

/** How long either side waits for the other's half, ms. */
export const HELLO_DEADLINE_MS = 5000;
/** A frame from a peer that has not shown the token may not be longer. */
export const HELLO_MAX_BYTES = 65_536;

export const helloRequest = z.object({
  jsonrpc: z.literal('2.0'),
  id: requestId,
  method: z.literal('hello'),
  params: REQUESTS.hello.params,
});

export const helloReply = z.object({
  jsonrpc: z.literal('2.0'),
  id: requestId,
  result: REQUESTS.hello.result.extend({ nonce: z.string() }),
});
export type HelloResult = z.infer<typeof helloReply>['result'];

/** Compares in a time that tells nothing about where the two differ. */
export function isSameSecret(shown: string, expected: string): boolean {
  return timingSafeEqual(digest(shown), digest(expected));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
