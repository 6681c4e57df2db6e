import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { app, BrowserWindow, nativeTheme, screen, type Session } from 'electron';
import type { Facts } from './ipc-contract.ts';
import { FACTS_SWITCH } from './ipc-names.ts';
import { APP_ENTRY } from './renderer-path.ts';
import { MINIMUM_SIZE, openingBounds, windowStateShape, type WindowState } from './window-bounds.ts';

export interface MainWindowOptions {
  readonly session: Session;
  readonly preload: string;
  readonly icon: string | null;
  /** Where its place is remembered. */
  readonly stateFile: string;
  readonly facts: () => Facts;
  readonly log: (message: string) => void;
  /** A new page: what an old one asked for counts no more. */
  readonly onOpened: () => void;
  readonly onClosed: (firstTime: boolean) => void;
}

/** What shows before the page does; the page's own backgrounds. */
const background = { light: '#f7f8f9', dark: '#15181b' } as const;
/** A page that draws nothing by then is shown as it is. */
const showAfterMs = 3_000;
/** A page that keeps dying is not loaded for ever. */
const reloadLimit = 3;

function backgroundColor(): string {
  return nativeTheme.shouldUseDarkColors ? background.dark : background.light;
}

/** The one window. Closing it frees it; the agent goes on, and `open` makes another. */
export class MainWindow {
  readonly #options: MainWindowOptions;
  #window: BrowserWindow | null = null;

  constructor(options: MainWindowOptions) {
    this.#options = options;
    nativeTheme.on('updated', () => this.#window?.setBackgroundColor(backgroundColor()));
  }

  get contents(): Electron.WebContents | null {
    return this.#window?.webContents ?? null;
  }

  /** Shows the window in front, new or as it was. */
  open(): void {
    const window = this.#window;
    if (window === null) {
      this.#create();
      return;
    }
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }

  /** Notes its place, for a quit that closes no window. */
  remember(): void {
    if (this.#window) this.#writeState(this.#window, this.#readState()?.closedBefore ?? false);
  }

  #create(): void {
    const { session, preload, icon, facts, log, onOpened, onClosed } = this.#options;
    const startedAt = performance.now();
    const remembered = this.#readState();
    const window = new BrowserWindow({
      ...openingBounds(
        remembered?.bounds ?? null,
        screen.getAllDisplays().map((display) => display.workArea),
      ),
      minWidth: MINIMUM_SIZE.width,
      minHeight: MINIMUM_SIZE.height,
      title: 'Longshore',
      show: false,
      backgroundColor: backgroundColor(),
      autoHideMenuBar: true,
      ...(icon === null ? {} : { icon }),
      webPreferences: {
        session,
        preload,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
        webSecurity: true,
        webviewTag: false,
        navigateOnDragDrop: false,
        spellcheck: false,
        additionalArguments: [FACTS_SWITCH + encodeURIComponent(JSON.stringify(facts()))],
        devTools: !app.isPackaged,
      },
    });
    this.#window = window;
    if (remembered?.maximized === true) window.maximize();
    const show = (why: string): void => {
      clearTimeout(fallback);
      if (window.isDestroyed() || window.isVisible()) return;
      log(`window ${why} after ${Math.round(performance.now() - startedAt)} ms`);
      window.show();
    };
    const fallback = setTimeout(() => show('shown unready'), showAfterMs);
    window.once('ready-to-show', () => show('ready'));
    const closedBefore = remembered?.closedBefore ?? false;
    window.on('close', () => this.#writeState(window, true));
    window.on('closed', () => {
      clearTimeout(fallback);
      this.#window = null;
      onClosed(!closedBefore);
    });
    let reloads = 0;
    window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
      log(`the window's process is gone: ${reason} ${exitCode}`);
      if (window.isDestroyed() || reason === 'clean-exit' || reloads >= reloadLimit) return;
      reloads += 1;
      window.webContents.reload();
    });
    window.webContents.on('did-fail-load', (_event, code, description, url) => {
      log(`${url} could not be loaded: ${description} (${code})`);
    });
    window.webContents.on('did-start-loading', onOpened);
    window.loadURL(APP_ENTRY).catch((error: unknown) => log(`the window could not be loaded: ${String(error)}`));
  }

  #readState(): WindowState | null {
    try {
      return windowStateShape.parse(JSON.parse(readFileSync(this.#options.stateFile, 'utf8')));
    } catch {
      // Never written, or by another version: the window opens in its usual place.
      return null;
    }
  }

  #writeState(window: BrowserWindow, closedBefore: boolean): void {
    const state: WindowState = { bounds: window.getNormalBounds(), maximized: window.isMaximized(), closedBefore };
    try {
      mkdirSync(path.dirname(this.#options.stateFile), { recursive: true });
      writeFileSync(this.#options.stateFile, JSON.stringify(state));
    } catch (error) {
      this.#options.log(`the window's place could not be remembered: ${String(error)}`);
    }
  }
}
