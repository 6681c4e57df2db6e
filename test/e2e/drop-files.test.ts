import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { noise } from '../support/engine-harness.ts';
import { until } from '../support/until.ts';
import { startAgentApp, type AgentApp } from './agent-app.ts';
import { QueuePage } from './queue-page.ts';
import { startTestStorage, type TestStorage } from './test-storage.ts';

/** So often a drag that left the page is begun anew. */
const MOST_HOLDS = 20;
/** The browser hears of the page's answer after the page has given it, ms. */
const ANSWER_MS = 100;

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

test('P2, P3: 50 files put into the folder finish in the window, and the storage has their bytes', async () => {
  const files = new Map(Array.from({ length: 50 }, (_, index) => [`photo ${index}.jpg`, noise(1 + index * 4099)]));
  for (const [name, body] of files) agent.put(name, body);
  await until('the window counts 50 as done', async () => (await queue.count('done')) === 50, 30_000);
  await until('all is said to be done', async () => (await queue.headline()) === 'Everything is in the storage');
  await queue.openTab('done');
  await until('every row is there', async () => (await queue.allRows()).size === 50);
  const rows = await queue.allRows();
  expect([...rows.keys()].sort()).toEqual([...files.keys()].sort());
  expect(new Set(rows.values())).toEqual(new Set(['Ready']));
  expect(await storage.bucket.keys()).toEqual([...files.keys()].map((name) => `drop/${name}`).sort());
  for (const [name, body] of files) {
    expect((await storage.bucket.get(`drop/${name}`))?.body.equals(body), `the bytes of ${name}`).toBe(true);
  }
});

test('P13: files dropped onto the window are copied into the folder and go up; the originals stay', async () => {
  const names = ['report.pdf', 'übersicht & co.txt'];
  const elsewhere = path.dirname(agent.dataDir);
  const paths = names.map((name) => path.join(elsewhere, name));
  for (const file of paths) writeFileSync(file, `what stands in ${path.basename(file)}`);

  // The drag as the browser gets it from the desktop: real paths, real events.
  const devtools = await agent.window.context().newCDPSession(agent.window);
  const drag = async (type: 'dragEnter' | 'dragOver' | 'drop'): Promise<void> => {
    await devtools.send('Input.dispatchDragEvent', {
      type,
      x: 600,
      y: 400,
      data: { items: [], files: paths, dragOperationsMask: 1 },
    });
  };
  // The browser drops only where its last look was welcome; where the page was too late to say so, the drag leaves it.
  const ended = (): Promise<unknown> => agent.window.evaluate('globalThis.dragEnded');
  const overs = async (): Promise<number> => Number(await agent.window.evaluate('globalThis.dragOvers'));
  await agent.window.evaluate(`globalThis.dragOvers = 0;
  document.addEventListener('dragover', () => void (globalThis.dragOvers += 1));
  for (const how of ['drop', 'dragleave'])
    document.addEventListener(how, ({ relatedTarget }) => {
      // From one element to another it does not leave the page.
      if (how === 'drop' || relatedTarget === null) globalThis.dragEnded ??= how;
    })`);
  for (let hold = 1; (await ended()) !== 'drop' && hold <= MOST_HOLDS; hold += 1) {
    await agent.window.evaluate('globalThis.dragEnded = null');
    await drag('dragEnter');
    await drag('dragOver');
    await agent.window.getByRole('dialog', { name: 'Drop to add' }).waitFor();
    expect(await agent.window.getByRole('dialog').innerText()).toContain('Add to drop');
    // As the pointer does all the time.
    const before = await overs();
    await drag('dragOver');
    await until('the page has seen the pointer', async () => (await overs()) > before || (await ended()) !== null);
    await delay(ANSWER_MS);
    await drag('drop');
    await until('the page has seen the end of the drag', async () => (await ended()) !== null);
  }
  expect(await ended()).toBe('drop');

  const told = agent.window.locator('.toast').first();
  await told.waitFor();
  expect(await told.innerText()).toContain('2 items were copied into drop');
  await until('the window counts 2 as done', async () => (await queue.count('done')) === 2, 20_000);
  for (const name of names) {
    expect(await queue.phase(name)).toBe('Ready');
    expect(await storage.bucket.text(`drop/${name}`)).toBe(`what stands in ${name}`);
  }
  expect(await agent.window.getByRole('dialog').count()).toBe(0);
});
