import { afterEach, expect, test } from 'vitest';
import { noise } from '../support/engine-harness.ts';
import { sha256 } from '../support/s3-bucket.ts';
import { startTrayWatcher, type TrayWatcher } from '../support/tray-watcher.ts';
import { until } from '../support/until.ts';
import { isAlive, startAgentApp, type AgentApp } from './agent-app.ts';
import { QueuePage } from './queue-page.ts';
import { MIB, PART_BYTES, PARTS_IN_FLIGHT, startTestStorage, type TestStorage } from './test-storage.ts';

let tray: TrayWatcher | undefined;
let storage: TestStorage | undefined;
let agent: AgentApp | undefined;

afterEach(async () => {
  await agent?.dispose();
  await storage?.close();
  tray?.close();
  agent = undefined;
  storage = undefined;
  tray = undefined;
});

const backWithinMs = 3000;

/** Counts the message boxes that the app opens from now on: a person would have to click each away. */
async function countMessageBoxes(app: AgentApp): Promise<() => Promise<number>> {
  await app.app.evaluate(({ dialog }) => {
    const counted = globalThis as unknown as { messageBoxes: number };
    counted.messageBoxes = 0;
    for (const kind of ['showErrorBox', 'showMessageBox', 'showMessageBoxSync'] as const) {
      Object.assign(dialog, {
        [kind]: () => {
          counted.messageBoxes += 1;
        },
      });
    }
  });
  return () => app.app.evaluate(() => (globalThis as unknown as { messageBoxes: number }).messageBoxes);
}

test('P1, P6: the engine killed in mid-upload is back within 3 s, no row is lost, no dialog asks, and the upload goes on', async () => {
  storage = await startTestStorage();
  agent = await startAgentApp({ configText: storage.configText });
  const { window } = agent;
  const { bucket, server } = storage;
  const seen = storage;
  const queue = new QueuePage(window);
  const messageBoxes = await countMessageBoxes(agent);
  const body = noise(60 * MIB);
  server.faults.add({
    operation: 'PutObject',
    key: 'drop/refused.txt',
    fault: { kind: 'error', status: 403, code: 'AccessDenied' },
  });
  const goOn = storage.slowParts(4 * MIB);
  for (let index = 0; index < 20; index += 1) agent.put(`note ${index}.txt`, `note ${index}`);
  agent.put('refused.txt', 'refused');
  agent.put('film.mov', body);
  await until('the notes are done', async () => (await queue.count('done')) === 20, 30_000);
  await until('one has failed', async () => (await queue.count('attention')) === 1);
  await until('some parts are stored', () => seen.partsStored() >= PARTS_IN_FLIGHT, 30_000);
  const before = await queue.operations();
  const { engine } = await agent.status();

  const told = window.getByText('The engine stopped unexpectedly').first().waitFor({ timeout: backWithinMs });
  process.kill(engine.pid, 'SIGKILL');
  const killedAt = performance.now();
  await told;
  await until('the state line is back', async () => (await queue.headline()).startsWith('Uploading'), backWithinMs);
  const backMs = Math.round(performance.now() - killedAt);
  console.log('engine back in the state line', { backMs });
  expect(backMs).toBeLessThanOrEqual(backWithinMs);
  expect((await agent.status()).engine.pid).not.toBe(engine.pid);

  const after = new Set((await queue.operations()).map(({ id }) => id));
  expect(before.filter(({ id }) => !after.has(id))).toEqual([]);
  expect(after.size).toBe(22);
  expect(await queue.count('done')).toBe(20);
  expect(await queue.count('attention')).toBe(1);
  expect(await queue.rowText('film.mov')).toMatch(/%.*Uploading/);
  expect(await queue.rowText('refused.txt')).toContain('The service does not allow this');
  expect(await window.getByRole('dialog').count()).toBe(0);
  expect(await agent.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
  expect(await messageBoxes()).toBe(0);

  goOn();
  await until('the film is done', async () => (await queue.count('done')) === 21, 30_000);
  expect((await bucket.get('drop/film.mov'))?.body.equals(body)).toBe(true);
  expect(storage.requests('CreateMultipartUpload')).toHaveLength(1);
  expect(storage.partBytes() - body.length).toBeLessThanOrEqual(PARTS_IN_FLIGHT * PART_BYTES);
});

test('P6: quit in the middle of 200 MB, the next start goes on at the checkpoint and the object is whole', async () => {
  tray = await startTrayWatcher();
  storage = await startTestStorage();
  agent = await startAgentApp({ configText: storage.configText });
  const { bucket } = storage;
  const seen = storage;
  const body = noise(200 * MIB);
  const parts = body.length / PART_BYTES;
  const goOn = storage.slowParts(10 * MIB);
  agent.put('disk.img', body);
  await until('a third is stored', () => seen.partsStored() >= parts / 3, 40_000);

  const processes = await agent.livingProcesses();
  await (await tray.item()).click('Quit Longshore');
  await until('all have ended', () => processes.every((pid) => !isAlive(pid)), 5500);
  const stored = storage.partsStored();
  expect(stored).toBeLessThan(parts - PARTS_IN_FLIGHT);
  expect(await bucket.openUploads()).toHaveLength(1);
  goOn();

  agent = await agent.again();
  const queue = new QueuePage(agent.window);
  await until('it is done', async () => (await queue.count('done')) === 1, 40_000);
  expect(await queue.phase('disk.img')).toBe('Ready');
  expect(sha256((await bucket.get('drop/disk.img'))?.body ?? '')).toBe(sha256(body));
  expect(await bucket.openUploads()).toEqual([]);
  expect(storage.requests('CreateMultipartUpload')).toHaveLength(1);
  const sentTwice = storage.partBytes() - body.length;
  console.log('200 MB over a quit', { partsBefore: stored, parts, sentTwice });
  expect(sentTwice).toBeLessThanOrEqual(PARTS_IN_FLIGHT * PART_BYTES);
});
