import { spawn, type ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import type { EngineHostState, LongshoreBridge } from '../../src/protocol/bridge.ts';
import type { StatusView } from '../../src/protocol/shapes.ts';
import { ensureElectronRuntime } from '../../tools/setup/electron-runtime.ts';
import { repositoryRoot } from '../../tools/setup/paths.ts';
import { launchApp, type LaunchedApp } from '../support/electron.ts';

// `LONGSHORE_APP_DIR` names another build than the one of this checkout, as a trial of the packaging does.
export const appDir = process.env['LONGSHORE_APP_DIR'] ?? repositoryRoot;

/** One machine's Longshore: a data directory, a configuration with one folder, and the app on them. */
export interface AgentApp extends LaunchedApp {
  readonly dataDir: string;
  readonly configFile: string;
  readonly folderDir: string;
  /** Puts a file into the folder at once, as a move does: there is no moment at which it is half written. */
  put(name: string, body: string | Uint8Array): void;
  status(): Promise<StatusView>;
  log(): Promise<string>;
  /** Starts the same app a second time; resolves with its exit code. */
  startAgain(): Promise<number | null>;
  /** Every process that this app started and that still lives, itself included. */
  livingProcesses(): Promise<readonly number[]>;
  /** The next start on this machine, once this one has ended; from then on that one is to be disposed of. */
  again(): Promise<AgentApp>;
  dispose(): Promise<void>;
}

/** The page's side of the bridge, for `evaluate`. */
interface PageGlobal {
  readonly longshore: LongshoreBridge;
}

export async function statusOf(window: Page): Promise<StatusView> {
  const reply = await window.evaluate(() => (globalThis as unknown as PageGlobal).longshore.request('status', {}));
  if (!reply.ok) throw new Error(reply.error.message);
  return reply.result;
}

export async function engineStateOf(window: Page): Promise<EngineHostState['state']> {
  return (await hostStateOf(window)).state;
}

export async function hostStateOf(window: Page): Promise<EngineHostState> {
  return window.evaluate(
    () =>
      new Promise<EngineHostState>((resolve) => {
        const off = (globalThis as unknown as PageGlobal).longshore.onEngineState((state) => {
          resolve(state);
          queueMicrotask(() => off());
        });
      }),
  );
}

/** Runs still. A process that has ended, and that whoever inherited it has not taken notice of yet, does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The state follows the name, which stands in brackets and may hold any.
    return !/^ [ZX]/u.test(stat.slice(stat.lastIndexOf(')') + 1));
  } catch {
    return false;
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  // Each thread has children of its own: Chromium starts its utility processes, so the engine too, from another one.
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  const children = lists.join(' ').split(' ').filter(Boolean).map(Number);
  const deeper = await Promise.all(children.map(childrenOf));
  return [...children, ...deeper.flat()];
}

/** A process and all that it started and that still lives. */
export async function livingDescendants(pid: number): Promise<readonly number[]> {
  return [pid, ...(await childrenOf(pid))].filter(isAlive);
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

export interface AgentAppOptions {
  /** What the configuration says; null when there is none, and the demo is to stand in for it. */
  readonly configText?: ((folderDir: string) => string) | null;
  /** Runs when everything is in place but the app. */
  readonly before?: (place: { readonly dataDir: string; readonly configFile: string }) => Promise<void>;
}

/** Where one machine's Longshore lives. */
interface Place {
  readonly base: string;
  readonly dataDir: string;
  readonly configFile: string;
  readonly folderDir: string;
  /** The demo stands in for a configuration. */
  readonly demo: boolean;
}

function makePlace(configText: ((folderDir: string) => string) | null): Place {
  const base = mkdtempSync(path.join(tmpdir(), 'longshore-e2e-'));
  const folderDir = path.join(base, 'Drop');
  const configFile = path.join(base, 'config.yaml');
  mkdirSync(folderDir);
  mkdirSync(path.join(base, 'tmp'));
  if (configText !== null) writeFileSync(configFile, configText(folderDir));
  return { base, dataDir: path.join(base, 'data'), configFile, folderDir, demo: configText === null };
}

/** Starts the app on a fresh data directory, with a home directory of its own. */
export async function startAgentApp(options: AgentAppOptions = {}): Promise<AgentApp> {
  const { configText = plainConfig } = options;
  const place = makePlace(configText);
  await options.before?.(place);
  try {
    return await startAt(place);
  } catch (error) {
    rmSync(place.base, { recursive: true, force: true });
    throw error;
  }
}

/** What keeps the app's traces (profile links, downloads, temporary files) within one place. */
export function placeEnvironment({ base, demo }: Pick<Place, 'base' | 'demo'>): Record<string, string> {
  return {
    HOME: base,
    XDG_CONFIG_HOME: path.join(base, 'etc'),
    TMPDIR: path.join(base, 'tmp'),
    ...(demo ? { LONGSHORE_DEMO: '1' } : {}),
  };
}

async function startAt(place: Place): Promise<AgentApp> {
  const { base, dataDir, configFile, folderDir } = place;
  const launched = await launchApp({
    dataDir,
    appDir,
    ...(place.demo ? {} : { configFile }),
    env: placeEnvironment(place),
  });
  const mainPid = launched.app.process().pid ?? 0;
  return {
    ...launched,
    configFile,
    dataDir,
    folderDir,
    put(name, body) {
      const draft = path.join(base, 'tmp', 'draft');
      writeFileSync(draft, body);
      renameSync(draft, path.join(folderDir, name));
    },
    status: () => statusOf(launched.window),
    log: () => readFile(path.join(dataDir, 'logs', 'main.log'), 'utf8').catch(() => ''),
    async startAgain() {
      const { executablePath } = await ensureElectronRuntime();
      const args = ['--no-sandbox', '--disable-gpu', `--user-data-dir=${dataDir}/electron-profile`, appDir];
      const env = { ...process.env, LONGSHORE_DATA: dataDir, LONGSHORE_CONFIG: configFile, ...placeEnvironment(place) };
      return exitOf(spawn(executablePath, args, { env, stdio: 'ignore' }));
    },
    livingProcesses: () => livingDescendants(mainPid),
    async again() {
      await launched.close();
      return startAt(place);
    },
    async dispose() {
      await launched.close().catch(() => undefined);
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/** A folder whose storage is never there: enough for all that is no transfer. Port 9 discards. */
export function plainConfig(folderDir: string): string {
  return [
    'folders:',
    `  - { name: drop, path: ${JSON.stringify(folderDir)}, destination: main }`,
    'destinations:',
    '  main:',
    '    type: s3',
    '    endpoint: http://127.0.0.1:9',
    '    region: us-east-1',
    '    bucket: none',
    '    forcePathStyle: true',
    '    credentials: { accessKeyId: test, secretAccessKey: test-secret }',
    '',
  ].join('\n');
}
