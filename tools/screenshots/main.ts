/** `npm run screenshots`: pictures for the README, taken from the real app on a real engine and storage. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { launchApp } from '../../test/support/electron.ts';
import { until } from '../../test/support/until.ts';
import { ensureBuild } from '../run/ensure-build.ts';
import { repositoryRoot } from '../setup/paths.ts';
import { setScene } from './scene.ts';

const pictures = path.join(repositoryRoot, 'docs/images');
const SIZE = { width: 1180, height: 760 };

async function count(window: Page, tab: RegExp): Promise<number> {
  const text = (await window.getByRole('tab', { name: tab }).textContent()) ?? '';
  return Number(/\d+/.exec(text)?.[0] ?? 0);
}

async function take(window: Page, name: string): Promise<void> {
  // Without a pointer over a row, and with transitions at rest.
  await window.mouse.move(2, 2);
  await window.waitForTimeout(400);
  await window.screenshot({ path: path.join(pictures, `${name}.png`) });
  console.log(`docs/images/${name}.png`);
}

async function main(): Promise<void> {
  if (!(await ensureBuild())) throw new Error('the app could not be built');
  await mkdir(pictures, { recursive: true });
  const dir = await mkdtemp(path.join(tmpdir(), 'longshore-pictures-'));
  const scene = await setScene(dir);
  const launched = await launchApp({
    dataDir: path.join(dir, 'data'),
    configFile: scene.configFile,
    args: ['--lang=en-GB'],
  });
  const { app, window } = launched;
  try {
    await app.evaluate(
      ({ BrowserWindow }, size) => BrowserWindow.getAllWindows()[0]?.setContentSize(size.width, size.height),
      SIZE,
    );
    await until('the first files are done', async () => (await count(window, /done/i)) >= 8, 60_000);
    await scene.addTroubled();
    await until('something needs attention', async () => (await count(window, /attention/i)) >= 2, 60_000);
    await until('something is being sent', async () => (await count(window, /active/i)) >= 2, 60_000);
    await until('something waits', async () => (await count(window, /waiting/i)) >= 2, 60_000);
    // The second of them waits for its turn until the first has some of its parts there.
    const second = window.getByRole('row').filter({ hasText: 'site-2026-11-20.tar.gz' });
    await until(
      'both move',
      async () => / [1-9]\d*%/.test(` ${(await second.innerText()).replaceAll('\n', ' ')}`),
      60_000,
    );
    for (const theme of ['light', 'dark'] as const) {
      await window.emulateMedia({ colorScheme: theme });
      await take(window, `queue-${theme}`);
    }
    await window.emulateMedia({ colorScheme: 'light' });
    await window.getByRole('grid').getByText('Harbour timelapse.mov').click();
    await take(window, 'item-light');
    await window.emulateMedia({ colorScheme: 'dark' });
    await take(window, 'item-dark');
  } finally {
    await launched.close();
    await scene.close();
    await rm(dir, { recursive: true, force: true });
  }
}

if (process.platform === 'linux' && process.env['DISPLAY'] === undefined) {
  const args = ['--', 'xvfb-run', '-a', '-s', '-screen 0 1600x1200x24', process.execPath, import.meta.filename];
  process.exitCode = spawnSync('dbus-run-session', args, { stdio: 'inherit' }).status ?? 1;
} else {
  await main();
}
