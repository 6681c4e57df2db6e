/** JSON-RPC 2.0 as it stands on the wire (jsonrpc.org/specification), without batches. */
import { z } from 'zod';
import type { RpcFailure } from './contract.ts';

/** Requests under way on one connection; a peer that sends more is refused, so that no queue grows without bound. */
export const MAX_PENDING_REQUESTS = 64;

const version = z.literal('2.0');
export const requestId = z.union([z.int(), z.string().max(100)]);
export type RequestId = z.infer<typeof requestId>;

export const requestMessage = z.object({
  jsonrpc: version,
  id: requestId,
  method: z.string().max(100),
  params: z.unknown().optional(),
});
export const notificationMessage = z.object({
  jsonrpc: version,
  id: z.undefined().optional(),
  method: z.string().max(100),
  params: z.unknown().optional(),
});

const failureShape = z.object({
  kind: z.enum(['usage', 'not-found', 'not-available', 'state', 'config', 'unexpected']),
  message: z.string(),
  hint: z.string(),
}) satisfies z.ZodType<RpcFailure>;

export const responseMessage = z.object({
  jsonrpc: version,
  id: requestId.nullable(),
  result: z.unknown().optional(),
  error: z.object({ code: z.int(), message: z.string(), data: failureShape.optional() }).optional(),
});

const CODES: Readonly<Record<RpcFailure['kind'], number>> = {
  usage: -32_602,
  'not-found': -32_001,
  'not-available': -32_601,
  state: -32_002,
  config: -32_003,
  unexpected: -32_603,
};

export type ResponseMessage = z.infer<typeof responseMessage>;

export function successReply(id: RequestId, result: unknown): unknown {
  return { jsonrpc: '2.0', id, result };
}

export function failureReply(id: RequestId | null, failure: RpcFailure, code = CODES[failure.kind]): unknown {
  const { kind, message, hint } = failure;
  return { jsonrpc: '2.0', id, error: { code, message, data: { kind, message, hint } } };
}

/** What is wrong with a value, in one line and without the value itself, which may be a secret. */
export function explainMismatch(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'not as expected';
  const where = issue.path.map(String).join('.');
  return where === '' ? issue.message : `${where}: ${issue.message}`;
}
