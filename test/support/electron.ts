import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { ensureElectronRuntime, type ElectronRuntime } from '../../tools/setup/electron-runtime.ts';
import { repositoryRoot } from '../../tools/setup/paths.ts';

/** A start takes one to three seconds, on a busy machine some more. */
const startTimeoutMs = 20_000;
/** Should the driver never get to see the window, only a fresh process helps. */
const launchAttempts = 2;
const closeTimeoutMs = 10_000;

/** The app around the app: it waits for the driver. */
const drivenAppDir = path.join(import.meta.dirname, 'driven-app');
const driverDir = path.dirname(createRequire(import.meta.url).resolve('playwright-core/package.json'));
const driverLoader = path.join(driverDir, 'lib', 'server', 'electron', 'loader.js');

export interface LaunchOptions {
  /** The data directory (database, socket facts, logs); Chromium's own profile goes to its folder `electron-profile`. */
  readonly dataDir: string;
  readonly configFile?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments of the app. */
  readonly args?: readonly string[];
  /** The app to start; the built Longshore unless a test of this helper says otherwise. */
  readonly appDir?: string;
}

export interface LaunchedApp {
  readonly app: ElectronApplication;
  /** The first window. */
  readonly window: Page;
  /** What the process wrote to its standard streams so far. */
  output(): string;
  /** Quits as a user would, and kills the process if it has not ended within 10 s. */
  close(): Promise<void>;
}

/** What makes the app's processes one machine's own: Chromium hands it on to its children. */
function profileSwitch(dataDir: string): string {
  return `--user-data-dir=${dataDir}/electron-profile`;
}

/** What every start on a test machine needs: no graphics card, a small /dev/shm, no sandbox for root. */
export function launchArguments(dataDir: string): string[] {
  return ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', profileSwitch(dataDir)];
}

/** The environment of the app: this process's own, without what would turn Electron into Node. */
export function launchEnvironment(runtime: ElectronRuntime, options: LaunchOptions): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== 'ELECTRON_RUN_AS_NODE',
  );
  return {
    ...Object.fromEntries(inherited),
    LONGSHORE_DATA: options.dataDir,
    ...(options.configFile === undefined ? {} : { LONGSHORE_CONFIG: options.configFile }),
    ...(runtime.sqliteBinding === undefined ? {} : { LONGSHORE_SQLITE_BINDING: runtime.sqliteBinding }),
    ...options.env,
  };
}

/** Ends whatever still runs on that profile: a driver that gave up does not know all that it started. */
function killAllOf(dataDir: string): void {
  if (process.platform !== 'linux') return;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      if (words.includes(profileSwitch(dataDir))) process.kill(Number(name), 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

/** Starts the built app on the test Electron and waits for its first window. Needs a display, and `npm run build`. */
export async function launchApp(options: LaunchOptions): Promise<LaunchedApp> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launchOnce(options);
    } catch (error) {
      killAllOf(options.dataDir);
      if (attempt >= launchAttempts) throw error;
      console.warn(`the app showed no window within ${startTimeoutMs} ms and is started once more: ${String(error)}`);
    }
  }
}

async function launchOnce(options: LaunchOptions): Promise<LaunchedApp> {
  const runtime = await ensureElectronRuntime();
  const deadline = performance.now() + startTimeoutMs;
  const app = await _electron.launch({
    executablePath: runtime.executablePath,
    timeout: startTimeoutMs,
    args: [...launchArguments(options.dataDir), drivenAppDir, ...(options.args ?? [])],
    env: {
      ...launchEnvironment(runtime, options),
      DRIVEN_APP_DIR: options.appDir ?? repositoryRoot,
      DRIVEN_APP_LOADER: driverLoader,
    },
  });
  const child = app.process();
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-100_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);

  async function close(): Promise<void> {
    const killer = setTimeout(() => child.kill('SIGKILL'), closeTimeoutMs);
    try {
      await app.close();
    } finally {
      clearTimeout(killer);
    }
  }

  try {
    const window = await app.firstWindow({ timeout: Math.max(1, deadline - performance.now()) });
    return { app, window, output: () => output, close };
  } catch (error) {
    child.kill('SIGKILL');
    await close().catch(() => undefined);
    throw new Error(`the app showed no window; it said:\n${output}`, { cause: error });
  }
}
