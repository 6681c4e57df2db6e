import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { LongshoreBridge } from '../src/protocol/bridge.ts';
import type { EventName, Events, Facts, InvokeName, InvokeParams, InvokeReply } from './ipc-contract.ts';
import { eventChannel, FACTS_SWITCH, invokeChannel } from './ipc-names.ts';
import { isRendererMethod } from './renderer-methods.ts';

// The whole of what a page can reach. It runs before the page, in a world of its own.

function invoke<N extends InvokeName>(name: N, params: InvokeParams<N>): Promise<InvokeReply<N>> {
  return ipcRenderer.invoke(invokeChannel(name), params) as Promise<InvokeReply<N>>;
}

function on<N extends EventName>(name: N, listener: (payload: Events[N]) => void): () => void {
  const channel = eventChannel(name);
  // The event itself holds `sender`: it stays here.
  const receive = (_event: unknown, payload: Events[N]): void => listener(payload);
  ipcRenderer.on(channel, receive);
  return () => {
    ipcRenderer.removeListener(channel, receive);
  };
}

/** Written by the main process, which checked them. */
function readFacts(): Facts {
  const argument = process.argv.find((each) => each.startsWith(FACTS_SWITCH));
  if (argument === undefined) throw new Error('this window was not opened by Longshore');
  return JSON.parse(decodeURIComponent(argument.slice(FACTS_SWITCH.length))) as Facts;
}

const bridge: LongshoreBridge = {
  async request(method, params) {
    if (!isRendererMethod(method)) {
      const message = 'The window may not ask for that.';
      return { ok: false, error: { kind: 'not-available', message, hint: '' } };
    }
    // The window decodes the result by the contract's schema of this method.
    return (await invoke('request', { method, params })) as Awaited<ReturnType<LongshoreBridge['request']>> as never;
  },
  onNotification: (listener) => on('notification', listener),
  onEngineState(listener) {
    let told = false;
    let ended = false;
    const off = on('engine-state', (state) => {
      told = true;
      listener(state);
    });
    const tellPresent = async (): Promise<void> => {
      const state = await invoke('engine-state', undefined);
      // What came meanwhile is newer.
      if (!told && !ended) listener(state);
    };
    tellPresent().catch((error: unknown) => console.error('the state of the engine is not known', error));
    return () => {
      ended = true;
      off();
    };
  },
  shell: {
    reveal: (operationId) => invoke('reveal', { operationId }),
    openFolder: (folderName) => invoke('open-folder', { folderName }),
    openRemote: (operationId) => invoke('open-remote', { operationId }),
    pathsOfDrop: (files) => [...files].map((file) => webUtils.getPathForFile(file)).filter((path) => path !== ''),
    async copyText(text) {
      await invoke('copy-text', { text });
    },
  },
  app: readFacts(),
};

contextBridge.exposeInMainWorld('longshore', bridge);
