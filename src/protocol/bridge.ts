/**
 * What the preload script offers to the window as `window.longshore`, and nothing else. Everything here is plain data
 * and functions that can be cloned over the context bridge. The window decodes what arrives once more with the schemas
 * of the contract.
 */
import type { Method, Notification, NotificationName, Params, Result, RpcFailure } from './contract.ts';

/** A request's outcome. A refusal, a deadline and an engine that went away are all values, never exceptions. */
export type BridgeReply<T> =
  { readonly ok: true; readonly result: T } | { readonly ok: false; readonly error: RpcFailure };

export type BridgeNotification = {
  [N in NotificationName]: { readonly name: N; readonly params: Notification<N> };
}[NotificationName];

/** How the engine's process fares, as its host sees it. */
export interface EngineHostState {
  readonly state: 'starting' | 'running' | 'restarting' | 'failed';
  /** Why, in words, when it does not run. */
  readonly message: string | null;
  /** ISO 8601 UTC; when the host starts the engine again. */
  readonly nextTryAt: string | null;
}

export interface LongshoreBridge {
  request<M extends Method>(method: M, params: Params<M>): Promise<BridgeReply<Result<M>>>;
  /** Returns what ends the subscription. */
  onNotification(listener: (notification: BridgeNotification) => void): () => void;
  /** The present state is told at once, then every change. Returns what ends the subscription. */
  onEngineState(listener: (state: EngineHostState) => void): () => void;
  readonly shell: {
    /** Shows the operation's local file in the file manager. */
    reveal(operationId: string): Promise<BridgeReply<null>>;
    /** Opens the watched folder in the file manager. */
    openFolder(folderName: string): Promise<BridgeReply<null>>;
    /** Opens the remote object in the browser. */
    openRemote(operationId: string): Promise<BridgeReply<null>>;
    /** Absolute paths of files that were dropped onto the window; what has no path is left out. */
    pathsOfDrop(files: readonly File[]): readonly string[];
    copyText(text: string): Promise<void>;
  };
  readonly app: {
    readonly version: string;
    /** As Node names it: linux, darwin, win32. */
    readonly platform: string;
    /** Set when the user chose one; null follows the system. */
    readonly theme: 'light' | 'dark' | null;
    /** BCP 47, for example en-GB or zh-CN. */
    readonly locale: string;
  };
}
