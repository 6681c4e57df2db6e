// First: it has to run before any schema is made.
import './bridge/zod-without-eval.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/frame.css';
import './styles/queue.css';
import './styles/drawer.css';
import './styles/places.css';
import './styles/overlays.css';
import { createItemCommands } from './actions/item-commands.ts';
import { AppContext } from './app-context.ts';
import { createRequest } from './bridge/rpc-client.ts';
import { AppFrame } from './components/app-frame.tsx';
import { languageFor } from './i18n/language.ts';
import { connect } from './state/connection.ts';
import { createStore } from './state/store.ts';
import { INITIAL_STATE, reduceWindow } from './state/window-state.ts';

const bridge = window.longshore;
const language = languageFor(bridge.app.locale);
document.documentElement.lang = language.tag;
if (bridge.app.theme !== null) document.documentElement.dataset['theme'] = bridge.app.theme;

const store = createStore(reduceWindow, INITIAL_STATE);
const request = createRequest(bridge);
const connection = connect(bridge, request, store);
const commands = createItemCommands(bridge, request, store, language);
window.addEventListener('pagehide', () => {
  connection.stop();
});

const root = document.querySelector('#root');
if (root === null) throw new Error('the page has no root');
createRoot(root).render(
  <StrictMode>
    <AppContext value={{ bridge, request, store, connection, commands, language }}>
      <AppFrame />
    </AppContext>
  </StrictMode>,
);
