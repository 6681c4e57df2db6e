import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { noise } from '../support/engine-harness.ts';
import { until } from '../support/until.ts';
import { engineStateOf, startAgentApp, type AgentApp } from './agent-app.ts';
import { QueuePage } from './queue-page.ts';
import { MIB, PART_BYTES, PARTS_IN_FLIGHT, startTestStorage, type TestStorage } from './test-storage.ts';

let storage: TestStorage | undefined;
let agent: AgentApp | undefined;

afterEach(async () => {
  await agent?.dispose();
  await storage?.close();
  agent = undefined;
  storage = undefined;
});

interface Config {
  readonly folders: readonly Readonly<Record<string, unknown>>[];
  readonly destinations: { readonly main: Readonly<Record<string, unknown>> };
}

/** The storage's configuration, changed. */
function configured({ configText }: TestStorage, change: (config: Config, folderDir: string) => object) {
  return (folderDir: string): string => JSON.stringify(change(JSON.parse(configText(folderDir)) as Config, folderDir));
}

/** What Electron's own power monitor says; nothing of ours stands in between. */
const power = ({ app }: AgentApp, onBattery: boolean) =>
  app.evaluate(({ powerMonitor }, battery) => {
    Object.assign(powerMonitor, { isOnBatteryPower: () => battery });
    powerMonitor.emit(battery ? 'on-battery' : 'on-ac');
  }, onBattery);

const sleep = ({ app }: AgentApp) => app.evaluate(({ powerMonitor }) => void powerMonitor.emit('suspend'));
const wake = ({ app }: AgentApp) => app.evaluate(({ powerMonitor }) => void powerMonitor.emit('resume'));
const network = ({ app }: AgentApp, isThere: boolean) =>
  app.evaluate(({ net }, online) => void Object.assign(net, { isOnline: () => online }), isThere);

test('P6: the machine sleeps in mid-upload: what hung on dead connections goes on at once after it wakes', async () => {
  storage = await startTestStorage();
  // Nobody waits out a stall: an hour of patience.
  const patient = configured(storage, (config) => ({
    ...config,
    destinations: { main: { ...config.destinations.main, stallTimeout: '1h' } },
  }));
  agent = await startAgentApp({ configText: patient });
  const { server, bucket } = storage;
  const seen = storage;
  const queue = new QueuePage(agent.window);
  const body = noise(60 * MIB);
  const dead = server.faults.add({ operation: 'UploadPart', nth: 4, fault: { kind: 'hang', when: 'before-effect' } });
  agent.put('film.mov', body);
  await until('three parts are stored, the rest hangs', () => {
    const hanging = server.faults.rules()[1]?.struck ?? 0;
    return seen.partsStored() === 3 && hanging === PARTS_IN_FLIGHT;
  });
  await sleep(agent);
  dead();
  await wake(agent);
  await until('it is done', async () => (await queue.count('done')) === 1, 30_000);
  expect((await bucket.get('drop/film.mov'))?.body.equals(body)).toBe(true);
  // The three that were stored were not sent again.
  expect(storage.partsStored()).toBe(body.length / PART_BYTES);
  expect(storage.requests('CreateMultipartUpload')).toHaveLength(1);
  expect(await agent.log()).toMatch(/this machine: suspend[^]*this machine: resume/);
});

test('P11: on battery, where the configuration says so, files wait and the window says why; plugged in, they go on', async () => {
  storage = await startTestStorage();
  const saving = configured(storage, (config) => ({ ...config, network: { pauseOnBattery: true } }));
  agent = await startAgentApp({ configText: saving });
  const { bucket } = storage;
  const queue = new QueuePage(agent.window);
  await until('it is ready', async () => (await queue.headline()) === 'Ready for the first file', 20_000);
  await power(agent, true);
  const app = agent;
  await until('the engine has heard', async () => (await app.status()).gates.length === 1);
  agent.put('a.txt', 'later');
  await until('the window says so', async () => (await queue.headline()) === 'On battery power');
  expect(await queue.rowText('a.txt')).toContain('Waits until this computer is plugged in');
  expect((await agent.status()).gates).toMatchObject([{ gate: 'on-battery' }]);
  expect(await queue.count('waiting')).toBe(1);
  expect(await bucket.keys()).toEqual([]);
  await power(agent, false);
  await until('it is done', async () => (await queue.count('done')) === 1);
  expect(await bucket.text('drop/a.txt')).toBe('later');
  expect((await agent.status()).gates).toEqual([]);
});

test('the network goes and comes back: the window says so; what is on this machine does not notice', async () => {
  storage = await startTestStorage();
  // A storage elsewhere (a documentation address: nothing ever answers there) beside the one on this machine.
  const far = configured(storage, (config, folderDir) => {
    const farDir = path.join(path.dirname(folderDir), 'Far');
    mkdirSync(farDir, { recursive: true });
    const elsewhere = { ...config.destinations.main, endpoint: 'http://192.0.2.1:9000', allowInsecureHttp: true };
    return {
      ...config,
      folders: [...config.folders, { name: 'far', path: farDir, destination: 'far', prefix: 'far/' }],
      destinations: { ...config.destinations, far: elsewhere },
    };
  });
  agent = await startAgentApp({ configText: far });
  const app = agent;
  await until('it runs', async () => (await engineStateOf(app.window)) === 'running', 20_000);
  await network(agent, false);
  const queue = new QueuePage(agent.window);
  await until('the window says so', async () => (await queue.headline()) === 'This computer is offline', 20_000);
  expect((await agent.status()).state).toBe('offline');
  agent.put('a.txt', 'near');
  const near = storage.bucket;
  await until('it is stored', async () => (await near.text('drop/a.txt')) === 'near');
  await network(agent, true);
  await until('it is online again', async () => (await app.status()).state !== 'offline', 20_000);
  expect(await queue.headline()).not.toBe('This computer is offline');
});
