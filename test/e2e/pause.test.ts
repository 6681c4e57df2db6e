import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { noise } from '../support/engine-harness.ts';
import { startTrayWatcher, type TrayWatcher } from '../support/tray-watcher.ts';
import { until } from '../support/until.ts';
import { startAgentApp, type AgentApp } from './agent-app.ts';
import { QueuePage } from './queue-page.ts';
import { MIB, PART_BYTES, PARTS_IN_FLIGHT, startTestStorage, type TestStorage } from './test-storage.ts';

let tray: TrayWatcher | undefined;
let storage: TestStorage | undefined;
let agent: AgentApp | undefined;

afterEach(async () => {
  await agent?.dispose();
  await storage?.close();
  tray?.close();
});

const sizeBytes = 60 * MIB;

test('P6, P9: paused from the tray in mid-upload, nothing new starts; resumed, it goes on from its checkpoint', async () => {
  tray = await startTrayWatcher();
  storage = await startTestStorage();
  agent = await startAgentApp({ configText: storage.configText });
  const { bucket } = storage;
  const seen = storage;
  const queue = new QueuePage(agent.window);
  const item = await tray.item();
  const body = noise(sizeBytes);
  const goOn = storage.slowParts(4 * MIB);
  agent.put('film.mov', body);
  await until('some parts are stored', () => seen.partsStored() >= PARTS_IN_FLIGHT, 30_000);
  expect(await queue.rowText('film.mov')).toMatch(/%.*Uploading/);

  await item.click('Until I resume');
  await pause(1000);
  const arrivals = storage.arrivals();
  expect(await queue.headline()).toBe('Paused until you resume');
  expect(await queue.rowText('film.mov')).toContain('Paused');
  expect(await queue.count('active')).toBe(0);
  expect((await item.menu())[0]?.label).toBe('Paused');
  const [before] = await queue.operations();
  // What must not happen is given time to happen: longer than a part takes on this line.
  await pause((PART_BYTES / (4 * MIB)) * 1000 + 500);
  expect(storage.arrivals()).toBe(arrivals);
  const [later] = await queue.operations();
  expect(later?.bytesDone).toBe(before?.bytesDone);
  expect(later?.bytesDone).toBeGreaterThanOrEqual(PARTS_IN_FLIGHT * PART_BYTES);
  expect(later?.bytesDone).toBeLessThan(sizeBytes);

  goOn();
  await item.click('Resume');
  await until('it is done', async () => (await queue.count('done')) === 1, 30_000);
  expect(await queue.phase('film.mov')).toBe('Ready');
  expect((await bucket.get('drop/film.mov'))?.body.equals(body)).toBe(true);
  expect(storage.requests('CreateMultipartUpload')).toHaveLength(1);
  expect(storage.partBytes() - sizeBytes).toBeLessThanOrEqual(PARTS_IN_FLIGHT * PART_BYTES);
});
