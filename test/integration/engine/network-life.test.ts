/** What the network and the machine do to the engine: every part is real but the cable. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { NetworkLook } from '../../../src/engine/network-watch.ts';
import { Rig, type ConfigPatch } from '../../support/engine-harness.ts';
import { ForwardProxy } from '../../support/forward-proxy.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

/** A name that only the proxy knows: whatever is stored under it went through the proxy. */
const HIDDEN = 'storage.invalid';
const NO_NETWORK: NetworkLook = { interfaces: {}, nameServers: [], gateway: null };
const A_NETWORK: NetworkLook = {
  interfaces: {
    eth0: [
      {
        address: '192.0.2.7',
        netmask: '255.255.255.0',
        family: 'IPv4',
        mac: '',
        internal: false,
        cidr: '192.0.2.7/24',
      },
    ],
  },
  nameServers: ['192.0.2.1'],
  gateway: null,
};

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function standIn(options: Parameters<typeof startStandIn>[0] = {}): Promise<StandIn> {
  const server = await startStandIn(options);
  closing.push(() => server.close());
  return server;
}

async function makeRig(server: StandIn, patch: ConfigPatch = {}): Promise<Rig> {
  const rig = await Rig.create(server, patch);
  closing.push(() => rig.close());
  return rig;
}

async function makeProxy(server: StandIn, user?: string): Promise<ForwardProxy> {
  const hosts = { [HIDDEN]: server.port };
  const proxy = await ForwardProxy.start(user === undefined ? { hosts } : { hosts, user });
  closing.push(() => proxy.close());
  return proxy;
}

/** The destination under the name that only a proxy knows. */
function hidden(proxy: string): ConfigPatch {
  return { destination: { endpoint: `http://${HIDDEN}`, allowInsecureHttp: true, proxy } };
}

/** A server that is no storage, on a port that a storage had or will have. */
async function portal(
  port: number,
  listener: RequestListener,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const LOG_IN = '<!DOCTYPE html><html><head><title>Hotel Wi-Fi</title></head><body>Please log in</body></html>';

describe('a network that wants a log-in first', () => {
  it.each<readonly [string, RequestListener]>([
    ['answers with its page', (_, reply) => reply.writeHead(200, { 'content-type': 'text/html' }).end(LOG_IN)],
    ['sends to its page', (_, reply) => reply.writeHead(302, { location: 'http://login.hotel.example/' }).end()],
    ['says so', (_, reply) => reply.writeHead(511, { 'content-type': 'text/html' }).end(LOG_IN)],
  ])(
    '%s: work waits in words, no attempt counts, nothing storms, and it goes on when the storage answers',
    async (_, listener) => {
      const dataDir = mkdtempSync(join(tmpdir(), 'longshore-s3-'));
      closing.push(() => rm(dataDir, { recursive: true, force: true }));
      const before = await startStandIn({ dataDir });
      const { port } = before;
      const rig = await makeRig(before);
      await before.close();
      let asked = 0;
      const page = await portal(port, (request, reply) => {
        asked += 1;
        request.resume();
        listener(request, reply);
      });
      rig.write('a.txt', 'patience');
      await rig.start();
      const waiting = await rig.untilItem('a.txt', 'pending', 20_000, (operation) => operation.gate === 'unreachable');
      expect(waiting).toMatchObject({ attempts: 0, error: { code: 'net.captive-portal', class: 'unreachable' } });
      const { gates } = await rig.status();
      expect(gates).toMatchObject([{ gate: 'unreachable', scope: 'destination:main' }]);
      expect(gates[0]!.reason).toMatch(/log-in page/);
      const askedBefore = asked;
      await pause(3000);
      expect(asked - askedBefore, 'requests in three seconds').toBeLessThan(10);
      await page.close();
      await standIn({ dataDir, port });
      expect(await rig.untilItem('a.txt', 'succeeded')).toMatchObject({ attempts: 1, error: null });
      expect(await rig.bucket.text('drop/a.txt')).toBe('patience');
    },
  );
});

describe('the machine goes offline', () => {
  it('says so, tries nothing, and goes on within seconds of the network’s return', async () => {
    const server = await standIn();
    const proxy = await makeProxy(server);
    const rig = await makeRig(server, hidden(proxy.url));
    let network = NO_NETWORK;
    await rig.start({}, { lookAtNetwork: () => network });
    rig.write('a.txt', 'later');
    await rig.untilItem('a.txt', 'pending', 20_000, (operation) => operation.gate === 'offline');
    expect(await rig.status()).toMatchObject({ state: 'offline', gates: [{ gate: 'offline', scope: 'all' }] });
    expect(proxy.served).toEqual([]);
    network = A_NETWORK;
    await rig.signal({ signal: 'online' });
    expect(await rig.untilItem('a.txt', 'succeeded', 5000)).toMatchObject({ attempts: 1 });
    expect((await rig.status()).state).toBe('running');
  });

  it('does not concern a storage on this machine', async () => {
    const rig = await makeRig(await standIn());
    await rig.start({}, { lookAtNetwork: () => NO_NETWORK });
    rig.write('a.txt', 'here');
    await rig.untilItem('a.txt', 'succeeded');
  });

  it('by its host’s word alone: a storage that answers all the same is believed more', async () => {
    const server = await standIn();
    const proxy = await makeProxy(server);
    const rig = await makeRig(server, hidden(proxy.url));
    await rig.start({}, { lookAtNetwork: () => A_NETWORK });
    await rig.signal({ signal: 'offline' });
    rig.write('a.txt', 'all the same');
    await rig.untilItem('a.txt', 'succeeded');
    expect((await rig.status()).state).toBe('running');
  });

  it('and comes back as another network: a wait that had grown long ends at once', async () => {
    const server = await standIn();
    const hosts = { [HIDDEN]: server.port };
    // The proxy is not there at first, as on a network that is not the office's.
    const gone = await ForwardProxy.start({ hosts });
    const rig = await makeRig(server, hidden(gone.url));
    await gone.close();
    let network = A_NETWORK;
    await rig.start({}, { lookAtNetwork: () => network });
    rig.write('a.txt', 'patience');
    const far = async () => {
      const [destination] = (await rig.status()).destinations;
      return Date.parse(destination?.nextTryAt ?? '') - Date.now() > 5000;
    };
    await until('the next try is far away', far, 30_000);
    const office = await ForwardProxy.start({ hosts, port: Number(new URL(gone.url).port) });
    closing.push(() => office.close());
    network = { ...A_NETWORK, nameServers: ['198.51.100.1'] };
    await rig.signal({ signal: 'resume' });
    await rig.untilItem('a.txt', 'succeeded', 3000);
  });
});

describe('the machine slept', () => {
  it('P6: what hung on dead connections goes on at once from its checkpoint, in the same attempt', async () => {
    const server = await standIn();
    // Parts 3 and on get no answer, as on a connection that died in the sleep; only patience without end would wait.
    const asleep = server.faults.add({
      operation: 'UploadPart',
      nth: 3,
      fault: { kind: 'hang', when: 'before-effect' },
    });
    const rig = await makeRig(server, { destination: { stallTimeout: '1h', limits: { partConcurrency: 2 } } });
    rig.write('big.bin', Buffer.alloc(21 * 1024 * 1024, 'x'));
    await rig.start();
    const parts = () => server.counters.of('UploadPart').statuses['200'] ?? 0;
    await until(
      'two parts are done and two hang',
      () => parts() === 2 && (server.faults.rules()[0]?.struck ?? 0) === 2,
    );
    asleep();
    await rig.signal({ signal: 'suspend' });
    await rig.signal({ signal: 'resume' });
    const done = await rig.untilItem('big.bin', 'succeeded');
    expect(done).toMatchObject({ attempts: 1, error: null });
    expect(parts()).toBe(5);
    expect(server.counters.of('CreateMultipartUpload').requests).toBe(1);
  });
});

describe('a proxy', () => {
  it('named for a destination: everything goes through it, with its user and password', async () => {
    const server = await standIn();
    const proxy = await makeProxy(server, 'office:pass%40word');
    const rig = await makeRig(server, hidden(proxy.url));
    await rig.start();
    rig.write('a.txt', 'through');
    rig.write('b.bin', Buffer.alloc(11 * 1024 * 1024, 'b'));
    await rig.untilItem('a.txt', 'succeeded');
    await rig.untilItem('b.bin', 'succeeded');
    expect(await rig.bucket.text('drop/a.txt')).toBe('through');
    const puts = proxy.served.filter((line) => line.startsWith('PUT '));
    expect(puts.length).toBeGreaterThanOrEqual(4);
    expect(proxy.refused).toBe(0);
    const shown = JSON.stringify(await rig.json('config', 'show')) + rig.log.join('\n');
    expect(shown, 'P12: the password is shown nowhere').not.toMatch(/pass(?:%40|@)word/);
  });

  it('that wants another password gates the destination in words and counts no attempt', async () => {
    const server = await standIn();
    const proxy = await makeProxy(server, 'office:right');
    const rig = await makeRig(server, hidden(proxy.url.replace('right', 'wrong')));
    await rig.start();
    rig.write('a.txt', 'through');
    const waiting = await rig.untilItem('a.txt', 'pending', 20_000, (operation) => operation.gate === 'unreachable');
    expect(waiting).toMatchObject({ attempts: 0, error: { code: 'net.proxy', class: 'unreachable' } });
    expect(proxy.served).toEqual([]);
  });

  it('of the environment is used for what is not on this machine', async () => {
    const server = await standIn();
    const proxy = await makeProxy(server);
    const rig = await makeRig(server);
    rig.configure({
      folders: [rig.folderConfig('drop'), rig.folderConfig('far', { destination: 'far' })],
      destinations: {
        far: rig.destinationConfig({ endpoint: `http://${HIDDEN}`, allowInsecureHttp: true, proxy: 'environment' }),
      },
      destination: { proxy: 'environment' },
    });
    rig.write('a.txt', 'far', 'far');
    rig.write('b.txt', 'near');
    await rig.start({ HTTP_PROXY: proxy.url });
    await rig.untilItem('a.txt', 'succeeded');
    await rig.untilItem('b.txt', 'succeeded');
    expect(proxy.served.some((line) => line.includes('far/a.txt'))).toBe(true);
    expect(proxy.served.some((line) => line.includes('b.txt'))).toBe(false);
  });

  it('of the system, as the host tells it, ends the wait at once', async () => {
    const server = await standIn();
    const proxy = await makeProxy(server);
    const rig = await makeRig(server, {
      destination: { endpoint: `http://${HIDDEN}`, allowInsecureHttp: true },
    });
    await rig.start();
    rig.write('a.txt', 'system');
    await rig.untilItem('a.txt', 'pending', 20_000, (operation) => operation.gate === 'unreachable');
    await rig.signal({ signal: 'proxies', proxies: { 'http:': proxy.url } });
    await rig.untilItem('a.txt', 'succeeded', 5000);
    expect(proxy.served.length).toBeGreaterThan(0);
  });

  it('of `network` is used for calls', async () => {
    const server = await standIn();
    let called = '';
    const api = await portal(0, (request, reply) => {
      called = `${request.method} ${request.url}`;
      request.resume();
      reply.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    closing.push(() => api.close());
    const proxy = await ForwardProxy.start({ hosts: { 'api.invalid': api.port }, user: 'u:p' });
    closing.push(() => proxy.close());
    const rig = await makeRig(server, {
      providers: { api: { baseUrl: 'http://api.invalid/v1', allowInsecureHttp: true } },
      sections: { network: { proxy: proxy.url } },
      destination: { proxy: 'none' },
    });
    await rig.start();
    const done = await rig.cli('call', 'POST', 'api:/items', '--body', '{"a":1}', '--wait');
    expect(done.exitCode, done.err).toBe(0);
    expect(called).toBe('POST /v1/items');
    expect(proxy.served).toEqual(['POST http://api.invalid/v1/items']);
  });
});

describe('a storage whose clock is off', () => {
  it('by ten minutes: work goes on, and status and doctor say so', async () => {
    const rig = await makeRig(await standIn({ nowMs: () => Date.now() + 600_000 }));
    await rig.start();
    rig.write('a.txt', 'early');
    await rig.untilItem('a.txt', 'succeeded');
    const [destination] = (await rig.status()).destinations;
    expect(Math.abs((destination?.clockSkewSeconds ?? 0) - 600)).toBeLessThanOrEqual(2);
    const doctor = await rig.cli('doctor');
    expect(doctor.exitCode).toBe(3);
    expect(doctor.out).toMatch(/Clock main +this computer’s clock is 10 minutes behind/);
  });

  it.each([3_600_000, -86_400_000])(
    'by more than it tolerates (%i ms): requests are signed with its time, and no attempt is lost',
    async (byMs) => {
      let aheadMs = 0;
      const server = await standIn({ nowMs: () => Date.now() + aheadMs });
      const rig = await makeRig(server);
      aheadMs = byMs;
      await rig.start();
      rig.write('a.txt', 'by its time');
      expect(await rig.untilItem('a.txt', 'succeeded')).toMatchObject({ attempts: 1, error: null });
      rig.write('b.bin', Buffer.alloc(11 * 1024 * 1024, 'b'));
      expect(await rig.untilItem('b.bin', 'succeeded')).toMatchObject({ attempts: 1, error: null });
    },
  );

  it('by nothing: nothing is said', async () => {
    const rig = await makeRig(await standIn());
    await rig.start();
    rig.write('a.txt', 'on time');
    await rig.untilItem('a.txt', 'succeeded');
    expect(Math.abs((await rig.status()).destinations[0]?.clockSkewSeconds ?? 99)).toBeLessThanOrEqual(1);
    expect((await rig.cli('doctor')).out).not.toContain('Clock main');
  });
});

describe('power', () => {
  const patch = (): ConfigPatch => ({ sections: { network: { pauseOnBattery: true, pauseOnMetered: true } } });

  it('files wait on battery where the configuration says so, in words, and go on when it is plugged in', async () => {
    const rig = await makeRig(await standIn(), patch());
    await rig.start();
    await rig.signal({ signal: 'power', onBattery: true });
    rig.write('a.txt', 'later');
    const waiting = await rig.untilItem('a.txt', 'pending', 20_000, (operation) => operation.gate === 'on-battery');
    expect(waiting.next).not.toBeNull();
    expect((await rig.status()).gates).toMatchObject([{ gate: 'on-battery' }]);
    await rig.signal({ signal: 'power', onBattery: false });
    await rig.untilItem('a.txt', 'succeeded');
  });

  it('stops what is under way at its checkpoint: no finished part is sent twice', async () => {
    const server = await standIn();
    server.faults.add({ operation: 'UploadPart', fault: { kind: 'bandwidth', bytesPerSecond: 4_000_000 } });
    const rig = await makeRig(server, patch());
    await rig.start();
    rig.write('big.bin', Buffer.alloc(21 * 1024 * 1024, 'x'));
    const parts = () => server.counters.of('UploadPart').statuses['200'] ?? 0;
    await until('a part is done', () => parts() > 0);
    await rig.signal({ signal: 'power', onBattery: true });
    await rig.untilItem('big.bin', 'pending', 20_000, ({ gate }) => gate === 'on-battery');
    // A part that the service takes while its reply is cut off is found in its list, if it was there before the list was asked for.
    let taken = 0;
    await until('what was on its way has ended at the service', async () => {
      taken = parts();
      await pause(300);
      return parts() === taken;
    });
    await rig.signal({ signal: 'power', onBattery: false });
    await rig.untilItem('big.bin', 'succeeded');
    expect(parts()).toBe(5);
  });

  it('does not matter where nothing is configured', async () => {
    const rig = await makeRig(await standIn());
    await rig.start();
    await rig.signal({ signal: 'power', onBattery: true });
    await rig.signal({ signal: 'metered', metered: true });
    rig.write('a.txt', 'now');
    await rig.untilItem('a.txt', 'succeeded');
  });
});
