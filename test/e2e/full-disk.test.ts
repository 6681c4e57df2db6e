import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SmallDisk, WHY_NO_SMALL_DISK } from '../support/small-disk.ts';
import { until } from '../support/until.ts';
import { startAgentApp, type AgentApp } from './agent-app.ts';
import { QueuePage } from './queue-page.ts';
import { startTestStorage, type TestStorage } from './test-storage.ts';

/** The window's own profile lies on it as well. */
const DISK_MIB = 128;
const FILES = 300;

if (WHY_NO_SMALL_DISK !== null) console.log(WHY_NO_SMALL_DISK);

describe.skipIf(WHY_NO_SMALL_DISK !== null)('a full disk under the queue, in the window', () => {
  let storage: TestStorage;
  let agent: AgentApp;
  let queue: QueuePage;
  let disk: SmallDisk;

  beforeEach(async () => {
    storage = await startTestStorage();
    agent = await startAgentApp({
      configText: (folderDir) => {
        const config = JSON.parse(storage.configText(folderDir)) as Record<string, unknown>;
        return JSON.stringify({ ...config, limits: { minFreeDisk: 0 } });
      },
      before: ({ dataDir }) => {
        disk = new SmallDisk(dataDir, DISK_MIB);
        return Promise.resolve();
      },
    });
    queue = new QueuePage(agent.window);
    await until('it is ready', async () => (await queue.headline()) === 'Ready for the first file', 30_000);
  });
  afterEach(async () => {
    disk.empty();
    await agent.dispose().catch(() => undefined);
    disk.unmount();
    await agent.dispose();
    await storage.close();
  });

  test('P11: says which disk, what waits and how to mend it, and goes by itself', async () => {
    disk.fill();
    for (let each = 0; each < FILES; each += 1) agent.put(`${each}.txt`, `content ${each}`);
    await until('it is told', async () => (await queue.headline()) === 'The disk with the queue is full', 30_000);
    const notice = agent.window.getByRole('alert').filter({ hasText: 'queue is full' });
    await notice.waitFor();
    const words = await notice.innerText();
    for (const part of [agent.dataDir, 'nothing is taken up, sent or deleted', 'Free some space on this disk'])
      expect(words).toContain(part);
    const picture = process.env['LONGSHORE_PICTURES'];
    if (picture !== undefined) await agent.window.screenshot({ path: path.join(picture, 'disk-full.png') });
    disk.empty();
    await until('all is there', async () => (await queue.headline()) === 'Everything is in the storage', 60_000);
    await notice.waitFor({ state: 'detached' });
    expect(await storage.bucket.keys()).toHaveLength(FILES);
  });
});
