import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import type { EngineHostState, LongshoreBridge } from '../../src/protocol/bridge.ts';
import type { StatusView } from '../../src/protocol/shapes.ts';
import { ensureElectronRuntime } from '../../tools/setup/electron-runtime.ts';
import { repositoryRoot } from '../../tools/setup/paths.ts';
import { launchApp, type LaunchedApp } from '../support/electron.ts';

// `LONGSHORE_APP_DIR` names another build than the one of this checkout, as a trial of the packaging does.
const appDir = process.env['LONGSHORE_APP_DIR'] ?? repositoryRoot;

/** One machine's Longshore: a data directory, a configuration with one folder, and the app on them. */
export interface AgentApp extends LaunchedApp {
  readonly dataDir: string;
  readonly folderDir: string;
  status(): Promise<StatusView>;
  log(): Promise<string>;
  /** Starts the same app a second time; resolves with its exit code. */
  startAgain(): Promise<number | null>;
  /** Every process that this app started and that still lives, itself included. */
  livingProcesses(): Promise<readonly number[]>;
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
  return window.evaluate(
    () =>
      new Promise<EngineHostState['state']>((resolve) => {
        const off = (globalThis as unknown as PageGlobal).longshore.onEngineState(({ state }) => {
          resolve(state);
          queueMicrotask(() => off());
        });
      }),
  );
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const children = text.split(' ').filter(Boolean).map(Number);
  const deeper = await Promise.all(children.map(childrenOf));
  return [...children, ...deeper.flat()];
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

/** Starts the app on a fresh data directory. `prefix` names what is under test in the directory's name. */
export async function startAgentApp(
  options: { readonly configText?: (folderDir: string) => string; readonly env?: Record<string, string> } = {},
): Promise<AgentApp> {
  const base = mkdtempSync(path.join(tmpdir(), 'longshore-e2e-'));
  const dataDir = path.join(base, 'data');
  const folderDir = path.join(base, 'Drop');
  const configFile = path.join(base, 'config.yaml');
  mkdirSync(folderDir);
  writeFileSync(configFile, (options.configText ?? plainConfig)(folderDir));
  const launched = await launchApp({ dataDir, configFile, appDir, ...(options.env ? { env: options.env } : {}) });
  const mainPid = launched.app.process().pid ?? 0;
  return {
    ...launched,
    dataDir,
    folderDir,
    status: () => statusOf(launched.window),
    log: () => readFile(path.join(dataDir, 'logs', 'main.log'), 'utf8').catch(() => ''),
    async startAgain() {
      const { executablePath } = await ensureElectronRuntime();
      const args = ['--no-sandbox', '--disable-gpu', `--user-data-dir=${dataDir}/electron-profile`, appDir];
      const env = { ...process.env, LONGSHORE_DATA: dataDir, LONGSHORE_CONFIG: configFile };
      return exitOf(spawn(executablePath, args, { env, stdio: 'ignore' }));
    },
    livingProcesses: async () => [mainPid, ...(await childrenOf(mainPid))].filter(isAlive),
    async dispose() {
      await launched.close().catch(() => undefined);
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/** A folder whose storage is never there: enough for all that is no transfer. Port 9 discards. */
function plainConfig(folderDir: string): string {
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
