import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { startAgentApp, type AgentApp } from './agent-app.ts';
import { QueuePage } from './queue-page.ts';
import { startTestStorage, type TestStorage } from './test-storage.ts';

const KEY = 'drop/plan.txt';

let storage: TestStorage;
let agent: AgentApp;
let queue: QueuePage;

beforeEach(async () => {
  storage = await startTestStorage();
  agent = await startAgentApp({ configText: (folderDir) => mirrored(storage.configText(folderDir)) });
  queue = new QueuePage(agent.window);
  await until('it is ready', async () => (await queue.headline()) === 'Ready for the first file', 30_000);
});
afterEach(async () => {
  await agent.dispose();
  await storage.close();
});

/** The same configuration, with a folder whose deletes follow at once. */
function mirrored(configText: string): string {
  const config = JSON.parse(configText) as { folders: Record<string, unknown>[] };
  for (const folder of config.folders) Object.assign(folder, { mode: 'mirror', deletes: { grace: '100ms' } });
  return JSON.stringify(config);
}

const drawer = () => agent.window.locator('.drawer');

/** A file went up, was deleted here, and its object followed; the details of that delete are open. */
async function deleted(): Promise<void> {
  agent.put('plan.txt', 'the plan');
  await until('it is there', async () => (await storage.bucket.text(KEY)) === 'the plan', 30_000);
  // The marker is written by the scan that follows; without it deletes are not mirrored.
  await until('it has its marker', () => Promise.resolve(existsSync(path.join(agent.folderDir, '.longshore-folder'))));
  rmSync(path.join(agent.folderDir, 'plan.txt'));
  // By the watcher within seconds; where it misses an event, by the next full scan.
  await until('it is gone there', async () => (await storage.bucket.text(KEY)) === null, 75_000);
  const row = () => queue.row('plan.txt').filter({ hasText: 'Deleted in the storage' });
  await row().click();
  await drawer().getByText('Delete in the storage').waitFor();
}

test('P11: a delete is taken back from its details, where the bucket keeps versions: the file comes back, here and there', async () => {
  await storage.bucket.enableVersioning();
  await deleted();
  expect(await drawer().innerText()).toContain('Undo brings the file back here, and to the storage.');
  const undo = drawer().getByRole('button', { name: 'Undo: plan.txt' });
  await undo.press('Enter');
  await agent.window.getByText('The delete is taken back').waitFor();
  await until('it is back there', async () => (await storage.bucket.text(KEY)) === 'the plan', 30_000);
  expect(readFileSync(path.join(agent.folderDir, 'plan.txt'), 'utf8')).toBe('the plan');
  // It says so from now on, and leads to the item that brought it.
  await undo.waitFor({ state: 'detached' });
  await drawer().getByRole('button', { name: 'Taken back' }).click();
  await drawer().getByText('Downloaded', { exact: true }).first().waitFor();
});

test('without versions none is offered: nothing could bring it back', async () => {
  await deleted();
  expect(await drawer().getByRole('button', { name: 'Undo: plan.txt' }).count()).toBe(0);
  expect(await drawer().innerText()).not.toContain('Undo');
});
