import './zod-without-eval.ts';
import { z } from 'zod';
import type { BridgeReply, LongshoreBridge } from '../../src/protocol/bridge.ts';
import type { Method, Notification, Params, Result, RpcFailure } from '../../src/protocol/contract.ts';
import { NOTIFICATIONS, REQUESTS } from '../../src/protocol/contract.ts';

export type Request = <M extends Method>(method: M, params: Params<M>) => Promise<BridgeReply<Result<M>>>;

function unexpected(message: string): { readonly ok: false; readonly error: RpcFailure } {
  return { ok: false, error: { kind: 'unexpected', message, hint: '' } };
}

/** Requests whose results are decoded with the contract. Never rejects: what goes wrong is a value. */
export function createRequest(bridge: Pick<LongshoreBridge, 'request'>): Request {
  return async (method, params) => {
    try {
      const reply = await bridge.request(method, params);
      if (!reply.ok) return reply;
      const schema: z.ZodType = REQUESTS[method].result;
      const decoded = schema.safeParse(reply.result);
      if (!decoded.success) return unexpected(`${method}: ${z.prettifyError(decoded.error)}`);
      return { ok: true, result: decoded.data as Result<typeof method> };
    } catch (error) {
      return unexpected(error instanceof Error ? error.message : String(error));
    }
  };
}

/** The notification's content, or null when it is not what the contract says. */
export function decodeChanged(params: unknown): Notification<'changed'> | null {
  const decoded = NOTIFICATIONS.changed.safeParse(params);
  return decoded.success ? decoded.data : null;
}
