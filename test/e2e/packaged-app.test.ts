import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureElectronRuntime } from '../../tools/setup/electron-runtime.ts';
import { repositoryRoot } from '../../tools/setup/paths.ts';
import { runCommand } from '../../tools/setup/run-command.ts';
import { launchArguments, launchEnvironment } from '../support/electron.ts';
import { until } from '../support/until.ts';
import { appDir, isAlive, livingDescendants, placeEnvironment, statusOf } from './agent-app.ts';
import { QueuePage } from './queue-page.ts';
import { startTestStorage, type TestStorage } from './test-storage.ts';

const startTimeoutMs = 20_000;

let base: string;
let storage: TestStorage | undefined;
let app: ChildProcess | undefined;
let browser: Browser | undefined;

beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'longshore-e2e-'));
});

afterEach(async () => {
  await browser?.close();
  if (app !== undefined && app.exitCode === null && app.signalCode === null) {
    const processes = await livingDescendants(app.pid ?? 0);
    app.kill('SIGTERM');
    await until('the packaged app ends', () => processes.every((pid) => !isAlive(pid)), 5500).catch(() => {
      for (const pid of processes.filter(isAlive)) process.kill(pid, 'SIGKILL');
    });
  }
  await storage?.close();
  rmSync(base, { recursive: true, force: true });
});

/** Makes the unpacked app and gives its executable. */
async function makePackage(): Promise<string> {
  const root = appDir === repositoryRoot ? [] : ['--root', appDir];
  const script = path.join(repositoryRoot, 'build', 'package.ts');
  await runCommand(process.execPath, [script, ...root, '--out', path.join(base, 'release')], { cwd: repositoryRoot });
  return path.join(base, 'release', 'linux-unpacked', 'longshore');
}

/** The debugging address that Chromium tells once. */
async function debuggingAddress(child: ChildProcess): Promise<string> {
  const said: string[] = [];
  const found = Promise.withResolvers<string>();
  const timer = setTimeout(() => found.reject(new Error(`it told no address:\n${said.join('\n')}`)), startTimeoutMs);
  child.once('exit', (code) => found.reject(new Error(`it ended with ${code}:\n${said.join('\n')}`)));
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      if (said.length < 500) said.push(line);
      const address = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (address !== undefined) found.resolve(address);
    });
  }
  return found.promise.finally(() => clearTimeout(timer));
}

/** Waits for a page that has loaded: a driver that attaches to one in the making may wait for ever. */
async function untilPageLoaded(address: string): Promise<void> {
  const list = `http://${new URL(address).host}/json/list`;
  await until(
    'the window has loaded its page',
    async () => {
      const targets = (await (await fetch(list)).json()) as readonly { readonly url: string; readonly title: string }[];
      return targets.some(({ url, title }) => url.startsWith('longshore:') && title === 'Longshore');
    },
    startTimeoutMs,
  );
}

async function firstPage(connected: Browser): Promise<Page> {
  const [context] = connected.contexts();
  if (context === undefined) throw new Error('the app has no browser context');
  return context.pages()[0] ?? context.waitForEvent('page', { timeout: startTimeoutMs });
}

test('the packaged app starts, its engine answers, a file goes up, and it ends without a trace', async () => {
  const executable = await makePackage();
  storage = await startTestStorage();
  const dataDir = path.join(base, 'data');
  const configFile = path.join(base, 'config.yaml');
  const folderDir = path.join(base, 'Drop');
  mkdirSync(folderDir);
  writeFileSync(configFile, storage.configText(folderDir));
  writeFileSync(path.join(folderDir, 'before.txt'), 'there before the start');

  const startedAt = performance.now();
  app = spawn(executable, [...launchArguments(dataDir), '--remote-debugging-port=0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: launchEnvironment(await ensureElectronRuntime(), {
      dataDir,
      configFile,
      env: placeEnvironment({ base, demo: false }),
    }),
  });
  const address = await debuggingAddress(app);
  await untilPageLoaded(address);
  browser = await chromium.connectOverCDP(address, { timeout: startTimeoutMs });
  const page = await firstPage(browser);
  await page.locator('.head-words strong').waitFor({ timeout: startTimeoutMs });
  console.log('packaged app: window drawn', { ms: Math.round(performance.now() - startedAt) });
  expect(page.url()).toMatch(/^longshore:\/\/app\//);
  const queue = new QueuePage(page);
  await queue.untilCount('done', 1, startTimeoutMs);
  expect((await statusOf(page)).engine).toMatchObject({ dataDir, configFile });

  writeFileSync(path.join(folderDir, 'after.txt'), 'dropped while it ran');
  await queue.untilCount('done', 2, startTimeoutMs);
  expect(await queue.phase('after.txt')).toBe('Ready');
  expect(await storage.bucket.text('drop/before.txt')).toBe('there before the start');
  expect(await storage.bucket.text('drop/after.txt')).toBe('dropped while it ran');

  const processes = await livingDescendants(app.pid ?? 0);
  expect(processes.length).toBeGreaterThan(3);
  const exited = once(app, 'exit');
  app.kill('SIGTERM');
  await exited;
  await until('all have ended', () => processes.every((pid) => !isAlive(pid)), 5500);
});
