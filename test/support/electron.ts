import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { ensureElectronRuntime } from '../../tools/setup/electron-runtime.ts';
import { repositoryRoot } from '../../tools/setup/paths.ts';

const startTimeoutMs = 45_000;
const closeTimeoutMs = 10_000;

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

/** Starts the built app on the test Electron and waits for its first window. Needs a display, and `npm run build`. */
export async function launchApp(options: LaunchOptions): Promise<LaunchedApp> {
  const runtime = await ensureElectronRuntime();
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== 'ELECTRON_RUN_AS_NODE',
  );
  const app = await _electron.launch({
    executablePath: runtime.executablePath,
    timeout: startTimeoutMs,
    // A machine without a graphics card or a large /dev/shm, such as CI, needs the last two.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      `--user-data-dir=${options.dataDir}/electron-profile`,
      options.appDir ?? repositoryRoot,
      ...(options.args ?? []),
    ],
    env: {
      ...Object.fromEntries(inherited),
      LONGSHORE_DATA: options.dataDir,
      ...(options.configFile === undefined ? {} : { LONGSHORE_CONFIG: options.configFile }),
      ...(runtime.sqliteBinding === undefined ? {} : { LONGSHORE_SQLITE_BINDING: runtime.sqliteBinding }),
      ...options.env,
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
    const window = await app.firstWindow({ timeout: startTimeoutMs });
    return { app, window, output: () => output, close };
  } catch (error) {
    await close().catch(() => undefined);
    throw new Error(`the app showed no window; it said:\n${output}`, { cause: error });
  }
}
