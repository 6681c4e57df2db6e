import { writeFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { noise } from '../support/engine-harness.ts';
import { until } from '../support/until.ts';
import { startAgentApp, type AgentApp } from './agent-app.ts';
import { measureFrames } from './frame-gaps.ts';
import { QueuePage } from './queue-page.ts';
import { startTestStorage, type TestStorage } from './test-storage.ts';

let storage: TestStorage;
let agent: AgentApp;

beforeEach(async () => {
  storage = await startTestStorage();
  agent = await startAgentApp({ configText: storage.configText });
});

afterEach(async () => {
  await agent.dispose();
  await storage.close();
});

const count = 10_000;
const sizeBytes = 4096;
/** Some ten seconds on a machine of its own. */
const limitMs = 200_000;

test(
  'P2, P5: 10,000 files with the window open are all ready, none missing, none sent twice',
  { timeout: limitMs * 1.5 },
  async () => {
    const queue = new QueuePage(agent.window);
    await until('it is ready', async () => (await queue.headline()) === 'Ready for the first file', 30_000);
    const profileFile = process.env['LONGSHORE_PROFILE'];
    const devtools = profileFile === undefined ? null : await agent.window.context().newCDPSession(agent.window);
    await devtools?.send('Profiler.enable');
    await devtools?.send('Profiler.start');
    const frames = await measureFrames(agent.window);
    const startedAt = performance.now();
    const names = Array.from({ length: count }, (_, index) => `file ${String(index).padStart(5, '0')}.bin`);
    const body = noise(sizeBytes);
    for (const name of names) {
      // Each its own content, told by its first bytes.
      body.write(name);
      agent.put(name, body);
      // The storage answers from this very process.
      await nextTurn();
    }
    await queue.untilCount('done', count, limitMs);
    const tookMs = Math.round(performance.now() - startedAt);
    console.log('10,000 files with the window open', { tookMs, ...(await frames()) });
    if (devtools !== null && profileFile !== undefined) {
      writeFileSync(profileFile, JSON.stringify((await devtools.send('Profiler.stop')).profile));
    }

    const operations = await queue.operations();
    expect(operations).toHaveLength(count);
    expect(new Set(operations.map(({ phase }) => phase))).toEqual(new Set(['ready']));
    expect(await storage.bucket.keys()).toEqual(names.map((name) => `drop/${name}`));
    expect(await queue.headline()).toBe('Everything is in the storage');

    const puts = storage.requests('PutObject');
    expect(puts.filter(({ status }) => status !== 200)).toEqual([]);
    expect(puts).toHaveLength(count);
    expect(new Set(puts.map(({ key }) => key)).size).toBe(count);
    expect(puts.reduce((sum, { requestBodyBytes }) => sum + requestBodyBytes, 0)).toBe(count * sizeBytes);
    for (const name of [names[0], names[4711], names[count - 1]]) {
      const object = await storage.bucket.get(`drop/${name ?? ''}`);
      expect(object?.body.subarray(0, name?.length).toString()).toBe(name);
    }
  },
);
