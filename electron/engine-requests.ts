import type { BridgeReply } from '../src/protocol/bridge.ts';
import { REQUESTS, type Method, type Params, type Result, type RpcFailure } from '../src/protocol/contract.ts';
import { RpcRefusal } from '../src/protocol/rpc-errors.ts';
import type { EngineHost } from './engine-host.ts';
import { isRendererMethod } from './renderer-methods.ts';

function refused(failure: RpcFailure): { readonly ok: false; readonly error: RpcFailure } {
  return { ok: false, error: failure };
}

const notRunning: RpcFailure = {
  kind: 'state',
  message: 'The engine does not answer at the moment.',
  hint: 'It is started again by itself; try again in a few seconds.',
};

function failureOf(error: unknown): RpcFailure {
  if (error instanceof RpcRefusal) return error.failure;
  return { ...notRunning, message: error instanceof Error ? error.message : notRunning.message };
}

/** Asks the engine on behalf of this app. Never rejects. */
export async function askEngine<M extends Method>(
  host: Pick<EngineHost, 'client'>,
  method: M,
  params: Params<M>,
): Promise<BridgeReply<Result<M>>> {
  const { client } = host;
  if (client === null) return refused(notRunning);
  try {
    return { ok: true, result: await client.call(method, params) };
  } catch (error) {
    return refused(failureOf(error));
  }
}

/** Asks on behalf of a page: only what a page may ask, and only as the contract words it. Never rejects. */
export async function askForWindow(
  host: Pick<EngineHost, 'client' | 'subscribe'>,
  method: string,
  params: unknown,
): Promise<BridgeReply<unknown>> {
  if (!isRendererMethod(method)) {
    return refused({ kind: 'not-available', message: 'The window may not ask for that.', hint: '' });
  }
  const decoded = REQUESTS[method].params.safeParse(params);
  if (!decoded.success) {
    return refused({ kind: 'usage', message: `The request "${method}" is not valid.`, hint: '' });
  }
  if (method === 'subscribe') {
    // Window and main process share one connection: what main needs stays on, whatever the window wants.
    const { events } = REQUESTS.subscribe.params.parse(params);
    try {
      const snapshot = await host.subscribe(events);
      return snapshot === null ? refused(notRunning) : { ok: true, result: snapshot };
    } catch (error) {
      return refused(failureOf(error));
    }
  }
  // The schema under the same name has just decoded it; TypeScript can't see that the two lookups go together.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return askEngine(host, method, decoded.data as Params<typeof method>);
}
