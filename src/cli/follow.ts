import type { RpcClient } from '../protocol/rpc-client.ts';
import type { CommandContext } from './command-context.ts';
import { EventStream } from './event-stream.ts';
import { eventLine } from './event-text.ts';
import { LiveModel, MAX_ACTIVE } from './live-model.ts';
import { LiveScreen } from './live-screen.ts';
import { renderLive } from './live-view.ts';

/** A view of a running engine that goes on until `close`. */
export interface Following {
  /** Rejects when the view can't go on. Never resolves by itself. */
  readonly failed: Promise<never>;
  /** Shows what has come in before, then ends. */
  close(): Promise<void>;
}

/** Live progress in a terminal; else a line an event, as text or JSON. */
export async function follow(client: RpcClient, context: CommandContext): Promise<Following> {
  return context.output.isTerminal && !context.output.isJson
    ? followLive(client, context)
    : followLines(client, context);
}

async function followLines(client: RpcClient, { output }: CommandContext): Promise<Following> {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  const stream = new EventStream(
    client,
    (events) =>
      output.paced(
        events.map((event) => `${output.isJson ? JSON.stringify(event) : eventLine(event, output.style)}\n`).join(''),
      ),
    reject,
  );
  await client.call('subscribe', { changes: false, events: true });
  return { failed, close: () => stream.close() };
}

async function followLive(client: RpcClient, { output, io }: CommandContext): Promise<Following> {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  const model = new LiveModel();
  const screen = new LiveScreen(io.stdout, (size) => renderLive(model, size, output.style, io.now()));
  output.wrapRemarks((write) => screen.interrupt(write));
  let isRefreshing = false;
  const refresh = async () => {
    if (isRefreshing) return;
    isRefreshing = true;
    try {
      const page = await client.call('ls', { states: ['running', 'compensating'], limit: MAX_ACTIVE });
      const status = await client.call('status', {});
      model.reset(status, null, page.items);
      screen.invalidate();
    } catch (error) {
      reject(error);
    } finally {
      isRefreshing = false;
    }
  };
  const stop = client.on('changed', (change) => {
    if (!model.apply(change)) void refresh();
    screen.invalidate();
  });
  const close = () => {
    stop();
    screen.close();
    return Promise.resolve();
  };
  try {
    const { seq, status } = await client.call('subscribe', { changes: true, events: false });
    model.reset(status, seq, []);
    await refresh();
  } catch (error) {
    await close();
    throw error;
  }
  return { failed, close };
}
