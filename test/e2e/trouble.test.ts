import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { startAgentApp, type AgentApp } from './agent-app.ts';
import { QueuePage } from './queue-page.ts';
import { startTestStorage, type TestStorage } from './test-storage.ts';

let storage: TestStorage;
let agent: AgentApp;
let queue: QueuePage;

beforeEach(async () => {
  storage = await startTestStorage();
  agent = await startAgentApp({ configText: storage.configText });
  queue = new QueuePage(agent.window);
  await until('it is ready', async () => (await queue.headline()) === 'Ready for the first file', 30_000);
});

afterEach(async () => {
  await agent.dispose();
  await storage.close();
});

test('P10, P11: access denied is explained in the row with what to do; Retry makes it Ready; the other file is not held up', async () => {
  const name = 'budget.xlsx';
  const allow = storage.server.faults.add({
    operation: 'PutObject',
    key: `drop/${name}`,
    fault: { kind: 'error', status: 403, code: 'AccessDenied' },
  });
  agent.put(name, 'figures');
  agent.put('other.txt', 'no trouble');
  await until('one needs attention', async () => (await queue.count('attention')) === 1, 20_000);
  await until('the other is done', async () => (await queue.count('done')) === 1);
  expect(await queue.headline()).toBe('1 item needs you');
  const text = await queue.rowText(name);
  expect(text).toContain('The service does not allow this with these credentials.');
  expect(text).toContain('Give the key the right to read, write and list uploads under this prefix, then retry.');

  // All of it, with its history, in the details.
  await queue.row(name).click();
  const details = agent.window.locator('.drawer');
  await details.getByText('s3.access-denied').waitFor();
  expect(await details.innerText()).toContain('Failed');
  await agent.window.keyboard.press('Escape');

  allow();
  await queue
    .row(name)
    .getByRole('button', { name: `Retry: ${name}` })
    .click();
  await until('nothing needs attention', async () => (await queue.count('attention')) === 0, 20_000);
  await until('both are done', async () => (await queue.count('done')) === 2, 20_000);
  expect(await queue.phase(name)).toBe('Ready');
  expect(await storage.bucket.text(`drop/${name}`)).toBe('figures');
});

test('P4: a conflict stands in the window in words; Keep both leaves both in the storage', async () => {
  const name = 'minutes.txt';
  await storage.bucket.put(`drop/${name}`, 'theirs');
  agent.put(name, 'ours');
  await until('one needs attention', async () => (await queue.count('attention')) === 1, 20_000);
  const text = await queue.rowText(name);
  expect(text).toContain('The storage already has another file of this name.');
  expect(text).toContain('Choose: keep yours, keep the other, or keep both.');
  expect(await storage.bucket.text(`drop/${name}`)).toBe('theirs');
  // What each choice means, and until when, is said where it is made.
  await queue.row(name).click();
  const details = agent.window.locator('.drawer');
  await details.getByText('What the choices mean').waitFor();
  const meanings = await details.innerText();
  expect(meanings).toContain('Theirs keeps the file’s name until you change the file again: then yours replaces it.');
  expect(meanings).toContain('only while the storage keeps old versions');
  await agent.window.keyboard.press('Escape');

  await queue
    .row(name)
    .getByRole('button', { name: `Keep both: ${name}` })
    .click();
  await until('nothing needs attention', async () => (await queue.count('attention')) === 0, 20_000);
  await until('it is done', async () => (await queue.count('done')) > 0, 20_000);
  const keys = await storage.bucket.keys();
  expect(keys).toHaveLength(2);
  const beside = keys.find((key) => key !== `drop/${name}`) ?? '';
  expect(beside).toMatch(/^drop\/minutes \(conflict testbox .*\)\.txt$/);
  expect(await storage.bucket.text(beside)).toBe('ours');
  expect(await storage.bucket.text(`drop/${name}`)).toBe('theirs');
  expect(await queue.rowText(name)).toContain(`In the storage, beside theirs: ${beside}`);
  await queue.row(name).click();
  await details.getByText('Theirs stays in the storage until you change the file again').waitFor();
  expect(await details.innerText()).toContain(beside);
});
