import { ipcMain, type IpcMainInvokeEvent, type WebContents } from 'electron';
import {
  INVOKES,
  type EventName,
  type Events,
  type InvokeName,
  type InvokeParams,
  type InvokeReply,
} from './ipc-contract.ts';
import { eventChannel, invokeChannel } from './ipc-names.ts';
import { judgeSender } from './ipc-sender.ts';

export type InvokeHandlers = {
  readonly [N in InvokeName]: (params: InvokeParams<N>) => Promise<InvokeReply<N>> | InvokeReply<N>;
};

/**
 * Serves the window's calls. Whoever is not the top frame of our own window, at our own address, and whoever sends what
 * the schema does not know, gets an error that tells nothing, and the log tells why.
 */
export function serveWindow(
  handlers: InvokeHandlers,
  ownWindow: () => WebContents | null,
  onRefused: (why: string) => void,
): void {
  const serve = <N extends InvokeName>(name: N, handler: InvokeHandlers[N]): void => {
    ipcMain.handle(invokeChannel(name), async (event: IpcMainInvokeEvent, payload: unknown) => {
      const frame = event.senderFrame;
      const refusal = judgeSender({
        isOwnWindow: event.sender === ownWindow(),
        isTopFrame: frame !== null && frame === event.sender.mainFrame,
        address: frame?.url ?? '',
      });
      const decoded = INVOKES[name].safeParse(payload);
      if (refusal !== null || !decoded.success) {
        onRefused(`${name}: ${refusal ?? 'payload not as agreed'}`);
        throw new Error('refused');
      }
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- decoded by the schema of the same name
      return handler(decoded.data as InvokeParams<N>);
    });
  };
  serve('request', handlers.request);
  serve('engine-state', handlers['engine-state']);
  serve('reveal', handlers.reveal);
  serve('open-folder', handlers['open-folder']);
  serve('open-remote', handlers['open-remote']);
  serve('copy-text', handlers['copy-text']);
}

/** The one way to send to a window. */
export function tellWindow<N extends EventName>(window: WebContents | null, name: N, payload: Events[N]): void {
  if (window !== null && !window.isDestroyed()) window.send(eventChannel(name), payload);
}
