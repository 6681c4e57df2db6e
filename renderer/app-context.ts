import { createContext, use, useSyncExternalStore } from 'react';
import type { LongshoreBridge } from '../src/protocol/bridge.ts';
import type { ItemCommands } from './actions/item-commands.ts';
import type { Request } from './bridge/rpc-client.ts';
import type { Language } from './i18n/language.ts';
import type { Connection } from './state/connection.ts';
import type { Store } from './state/store.ts';
import type { Action, WindowState } from './state/window-state.ts';

/** What every component may use; made once in main.tsx and never changed. */
export interface App {
  readonly bridge: LongshoreBridge;
  readonly request: Request;
  readonly store: Store<WindowState, Action>;
  readonly connection: Connection;
  readonly commands: ItemCommands;
  readonly language: Language;
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = use(AppContext);
  if (app === null) throw new Error('a component was drawn outside of the app');
  return app;
}

/** A part of the window's state. `select` must return the same value for the same state. */
export function useWindowState<T>(select: (state: WindowState) => T): T {
  const { store } = useApp();
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}
