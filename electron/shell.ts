import path from 'node:path';
import { app, type Session } from 'electron';
import type { EngineHostState } from '../src/protocol/bridge.ts';
import { AgentView } from './agent-view.ts';
import { installAppMenu } from './app-menu.ts';
import { serveApp } from './app-protocol.ts';
import type { StartSettings } from './command-line.ts';
import { EngineHost } from './engine-host.ts';
import { askEngine, askForWindow } from './engine-requests.ts';
import { engineSource } from './engine-source.ts';
import { forkEngine } from './fork-engine.ts';
import { watchHostSignals } from './host-signals.ts';
import { serveWindow, tellWindow } from './ipc-main.ts';
import type { MainLog } from './logging.ts';
import { MainWindow } from './main-window.ts';
import { quitAfter } from './quit.ts';
import type { DeathReason } from './restart-policy.ts';
import { copyText, openFolder, openRemote, reveal } from './shell-actions.ts';
import { NoticeBoard } from './show-notice.ts';
import { TrayIcon } from './tray-icon.ts';
import type { TrayAction } from './tray-menu.ts';
import { untilTomorrowMs } from '../src/core/until-tomorrow.ts';
import { wordsFor, type Words } from './words.ts';

/** The directory of the bundles: this file is bundled into `dist/electron/main.js`. */
const distDir = path.resolve(import.meta.dirname, '..');

function explainDeath(reason: DeathReason, lastWords: string, words: Words): string {
  switch (reason) {
    case 'lock-held':
      return words.engineLockHeld(lastWords);
    case 'config-invalid':
      return words.engineConfigInvalid(lastWords);
    case 'died':
      return words.engineDied(lastWords.split('\n').at(-1)?.slice(0, 200) ?? '');
  }
}

/** Puts the parts together: one engine, one window, one tray icon. */
export function runShell(settings: StartSettings, windowSession: Session, log: MainLog): void {
  const readyAtMs = performance.now();
  const words = wordsFor(app.getLocale());
  const info = (message: string): void => log.info(message);
  const onRefused = (why: string): void => log.warn(`refused: ${why}`);
  let quitting = false;

  const notices = new NoticeBoard(words, () => window.open());
  const view = new AgentView(
    words,
    () => tray.refresh(),
    (notice) => notices.show(notice),
  );

  const onEngineState = (state: EngineHostState): void => {
    info(`engine ${state.state}${state.message === null ? '' : `: ${state.message}`}`);
    view.engineState(state);
    tellWindow(window.contents, 'engine-state', state);
  };
  const host: EngineHost = new EngineHost({
    start: () =>
      forkEngine(
        {
          entry: path.join(distDir, 'node', 'engine-process.js'),
          dataDir: settings.dataDir,
          configFile: source.configFile(),
        },
        (line) => info(`engine says: ${line}`),
      ),
    explain: (reason, lastWords) => {
      if (reason === 'config-invalid') source.awaitChange();
      return explainDeath(reason, lastWords, words);
    },
    onState: onEngineState,
    onSnapshot: (snapshot) => {
      info(`engine answers, ${Math.round(performance.now() - readyAtMs)} ms after this app was ready`);
      view.snapshot(snapshot);
      signals.tellAll();
    },
    onChanged: (params) => {
      view.changed(params);
      tellWindow(window.contents, 'notification', { name: 'changed', params });
    },
    onEvent: (params) => tellWindow(window.contents, 'notification', { name: 'event', params }),
    log: info,
  });
  const source = engineSource({
    settings,
    demoEntry: path.join(distDir, 'tools', 'demo.js'),
    host,
    words,
    log: info,
  });

  const window = new MainWindow({
    session: windowSession,
    preload: path.join(import.meta.dirname, 'preload.cjs'),
    icon: process.platform === 'linux' ? path.join(import.meta.dirname, 'icons', 'window.png') : null,
    stateFile: path.join(app.getPath('userData'), 'window.json'),
    facts: () => ({ version: app.getVersion(), platform: process.platform, theme: null, locale: app.getLocale() }),
    log: info,
    onOpened: () => void host.subscribe(false).catch(() => undefined),
    onClosed: (firstTime) => {
      if (firstTime && !quitting) notices.showStillRunning();
    },
  });

  const act = async (action: TrayAction): Promise<void> => {
    switch (action.kind) {
      case 'pause': {
        const { length } = action;
        const forMs =
          length === 'until-resume' ? null : length === 'until-tomorrow' ? untilTomorrowMs(new Date()) : length;
        const reply = await askEngine(host, 'pause', { scope: {}, forMs });
        if (reply.ok) view.snapshot({ status: reply.result });
        break;
      }
      case 'resume': {
        const reply = await askEngine(host, 'resume', { scope: {} });
        if (reply.ok) view.snapshot({ status: reply.result });
        break;
      }
      case 'open-folder': {
        const reply = await openFolder(view.status, action.folder);
        if (!reply.ok) log.warn(reply.error.message);
        break;
      }
      case 'open-window':
        window.open();
        break;
      case 'restart-engine':
        host.tryAgain();
        break;
      case 'quit':
        app.quit();
        break;
    }
  };
  const tray = new TrayIcon(
    path.join(import.meta.dirname, 'icons', 'tray'),
    () => view.trayModel(),
    (action) => {
      act(action).catch((error: unknown) => log.error(`the tray's “${action.kind}” failed`, error));
    },
  );

  serveApp(windowSession, path.join(distDir, 'renderer'), onRefused);
  serveWindow(
    {
      request: ({ method, params }) => askForWindow(host, method, params),
      'engine-state': () => host.state,
      reveal: ({ operationId }) => reveal(host, operationId),
      'open-folder': ({ folderName }) => openFolder(view.status, folderName),
      'open-remote': ({ operationId }) => openRemote(host, operationId),
      'copy-text': async ({ text }) => {
        await copyText(text);
        return null;
      },
    },
    () => window.contents,
    onRefused,
  );
  installAppMenu(words);

  const signals = watchHostSignals(
    (signal) => {
      // The proxies' addresses are nobody's business, and are told every minute.
      if (signal.signal !== 'proxies') info(`this machine: ${Object.values(signal).join(' ')}`);
      if (signal.signal === 'resume') host.excuseSilence();
      void askEngine(host, 'host.signal', signal);
    },
    () => view.status?.destinations.map(({ endpoint }) => endpoint) ?? [],
  );

  app.on('second-instance', () => window.open());
  app.on('activate', () => window.open());
  // The agent goes on in the tray.
  app.on('window-all-closed', () => undefined);
  quitAfter(
    async () => {
      info('quitting');
      quitting = true;
      window.remember();
      signals.stop();
      // The engine first: what it has under way with the demo's server can then come to its checkpoint.
      await host.stop();
      await source.stop();
      tray.destroy();
    },
    (error) => log.error('quitting went wrong', error),
  );

  source.start();
  if (!settings.hidden) window.open();
}
