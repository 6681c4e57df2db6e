import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { startAgentApp, type AgentApp } from './agent-app.ts';
import { QueuePage } from './queue-page.ts';
import { startTestStorage, type TestStorage } from './test-storage.ts';

const NAMES = ['ant', 'bee', 'cat', 'dog', 'eel', 'fox'].map((name) => `${name}.txt`);
/** All but this one go. */
const STAYS = 'fox.txt';

let storage: TestStorage;
let agent: AgentApp;
let queue: QueuePage;

beforeEach(async () => {
  storage = await startTestStorage();
  agent = await startAgentApp({ configText: (folderDir) => mirrored(storage.configText(folderDir)) });
  queue = new QueuePage(agent.window);
  await until('it is ready', async () => (await queue.headline()) === 'Ready for the first file', 30_000);
  for (const name of NAMES) agent.put(name, name);
  await until('all are in the storage', async () => (await queue.count('done')) === NAMES.length, 30_000);
  for (const name of NAMES) if (name !== STAYS) rmSync(path.join(agent.folderDir, name));
});

afterEach(async () => {
  await agent.dispose();
  await storage.close();
});

/** The same configuration, with a folder whose deletes follow soon and are asked about when they are more than two. */
function mirrored(configText: string): string {
  const config = JSON.parse(configText) as { folders: Record<string, unknown>[] };
  const deletes = { grace: '1s', askAboveFiles: 2, askAboveShare: '10%' };
  for (const folder of config.folders) Object.assign(folder, { mode: 'mirror', deletes });
  return JSON.stringify(config);
}

// By the watcher within seconds; where it misses an event, by the next full scan.
const question = () => agent.window.getByRole('region', { name: '5 of 6 files are gone from the folder drop' });
const keysThere = async () => (await storage.bucket.keys()).toSorted();
const allKeys = NAMES.map((name) => `drop/${name}`);

test('P4: a mass delete is asked about by keyboard, asked once more, and only then the objects go', async () => {
  await question().waitFor({ timeout: 75_000 });
  expect(await question().innerText()).toContain('Nothing is deleted in the storage until you decide.');
  expect(await queue.headline()).toBe('5 deletes in drop wait for your word');
  expect(await keysThere()).toEqual(allKeys);

  const button = question().getByRole('button', { name: 'Delete them in the storage too' });
  await button.press('Enter');
  const dialog = agent.window.getByRole('dialog', { name: 'Delete 5 files in the storage?' });
  await dialog.waitFor();
  // The safe answer has the focus, and Escape is a no.
  expect(await agent.window.locator(':focus').innerText()).toBe('Go back');
  await agent.window.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  expect(await keysThere()).toEqual(allKeys);

  await button.press('Enter');
  await dialog.getByRole('button', { name: 'Delete 5 files' }).press('Enter');
  await question().waitFor({ state: 'detached' });
  await until('only one is there', async () => (await storage.bucket.keys()).length === 1, 30_000);
  expect(await keysThere()).toEqual([`drop/${STAYS}`]);
  await until('all is done', async () => (await queue.headline()) === 'Everything is in the storage', 20_000);
  await until('the row tells it', async () => (await queue.rowText('ant.txt')).includes('Deleted in the storage'));
});

test('P4: kept as the person says, the objects stay for good', async () => {
  await question().waitFor({ timeout: 75_000 });
  await question().getByRole('button', { name: 'Keep them in the storage' }).click();
  await question().waitFor({ state: 'detached' });
  // A delete that still came would be queued with this file's upload.
  agent.put('later.txt', 'later');
  await until('the next file is there', async () => (await keysThere()).includes('drop/later.txt'), 20_000);
  expect(await keysThere()).toEqual([...allKeys, 'drop/later.txt'].toSorted());
  expect((await agent.status()).folders[0]?.guard).toBeNull();
});
