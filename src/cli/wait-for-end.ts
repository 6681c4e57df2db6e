import type { State } from '../core/states.ts';
import { RpcDisconnected } from '../protocol/rpc-errors.ts';
import type { RpcClient } from '../protocol/rpc-client.ts';
import type { OperationDetail, OperationView } from '../protocol/shapes.ts';
import { noEngine } from './exit-codes.ts';

/** Where an operation stays unless a person does something. */
const ENDS: ReadonlySet<State> = new Set(['succeeded', 'failed', 'conflict', 'cancelled', 'superseded']);

/**
 * Queues an operation and waits for its end, told by the engine's notifications: nothing is polled. Rejects with exit 4
 * when the engine goes away; the operation stays queued then.
 */
export async function waitForEnd(
  client: RpcClient,
  queue: () => Promise<OperationView>,
  onQueued: (operation: OperationView) => void,
): Promise<OperationDetail> {
  let id: string | null = null;
  let woken = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => undefined);
  client.onClose((reason) => gone.reject(new RpcDisconnected(`The connection to the engine ended (${reason}).`)));
  // Events come for every step, changes also when they were too many to list: both only say "look again".
  const stops = [
    client.on('event', (event) => {
      if (event.operationId === id && event.to !== null && ENDS.has(event.to)) woken.resolve();
    }),
    client.on('changed', ({ operations, more }) => {
      if (more || operations.some((operation) => operation.id === id && ENDS.has(operation.state))) woken.resolve();
    }),
  ];
  try {
    await client.call('subscribe', { changes: true, events: true });
    const queued = await queue();
    id = queued.id;
    onQueued(queued);
    for (;;) {
      // Before looking, so that what happens in between wakes the next round.
      woken = Promise.withResolvers<void>();
      const detail = await client.call('show', { id: queued.id });
      if (ENDS.has(detail.state)) return detail;
      await Promise.race([woken.promise, gone.promise]);
    }
  } catch (error) {
    if (!(error instanceof RpcDisconnected)) throw error;
    throw noEngine(
      id === null ? 'The engine stopped.' : `The engine stopped while ${id} was under way; it stays queued.`,
    );
  } finally {
    for (const stop of stops) stop();
  }
}
