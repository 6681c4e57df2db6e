import { mkdirSync } from 'node:fs';
import { setInterval as every } from 'node:timers';
import { describe, expect, it } from 'vitest';
import { MIB, noise, Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

const KIB = 1024;
/** What the store asks the throttle for at a time; the window may see one more than its rate at either end. */
const SLACK_BYTES = 64 * KIB;

let server: StandIn;
let rig: Rig;
rigForEach(startStandIn, async (started) => {
  server = started;
  return (rig = await Rig.create(server));
});

interface Look {
  readonly atMs: number;
  readonly bytes: number;
}

const bytesIn = () =>
  server.counters.of('PutObject').requestBodyBytes + server.counters.of('UploadPart').requestBodyBytes;

/** Looks at what the server got, all the time. */
function sampled(): { readonly looks: Look[]; stop(): void } {
  const looks: Look[] = [];
  const look = () => looks.push({ atMs: performance.now(), bytes: bytesIn() });
  look();
  const timer = every(look, 20);
  return {
    looks,
    stop: () => {
      look();
      clearInterval(timer);
    },
  };
}

/**
 * By how much what the server had got at any time went over what could have been sent until then. Counted from the
 * beginning: what a busy machine takes in late comes in a heap. That no single second is over is a unit test's matter.
 */
function worstExcess(looks: readonly Look[], bytesPerSecond: number): number {
  const [first] = looks;
  if (first === undefined) return Number.NEGATIVE_INFINITY;
  return Math.max(
    ...looks.map(({ atMs, bytes }) => {
      const allowed = (bytesPerSecond * 1.1 * (atMs - first.atMs)) / 1000 + SLACK_BYTES;
      return bytes - first.bytes - allowed;
    }),
  );
}

const limits = (more: object) => ({ sections: { limits: more } });

describe('bandwidth, as the server sees it', () => {
  it('64 KiB/s: never more, and it is made use of', async () => {
    rig.configure(limits({ uploadKiBps: 64 }));
    await rig.start();
    const watch = sampled();
    const began = performance.now();
    for (const name of ['a', 'b', 'c']) rig.write(name, noise(150 * KIB));
    for (const name of ['a', 'b', 'c']) await rig.untilItem(name, 'succeeded');
    const tookMs = performance.now() - began;
    watch.stop();
    expect(worstExcess(watch.looks, 64 * KIB)).toBeLessThanOrEqual(0);
    // 450 KiB take seven seconds, less what an idle line saved up.
    expect(tookMs).toBeGreaterThan(6500);
    expect(tookMs).toBeLessThan(45_000);
  });

  it('20 MiB/s: never more, over parts and files', async () => {
    rig.configure(limits({ uploadKiBps: 20 * KIB }));
    await rig.start();
    const watch = sampled();
    const began = performance.now();
    const bytes = noise(40 * MIB);
    rig.write('large', bytes);
    for (let each = 0; each < 20; each += 1) rig.write(`small-${each}`, noise(MIB));
    await rig.untilItem('large', 'succeeded');
    for (let each = 0; each < 20; each += 1) await rig.untilItem(`small-${each}`, 'succeeded');
    const tookMs = performance.now() - began;
    watch.stop();
    expect(worstExcess(watch.looks, 20 * MIB)).toBeLessThanOrEqual(MIB);
    expect(tookMs).toBeGreaterThan(2700);
    expect(sha256((await rig.bucket.get('drop/large'))!.body)).toBe(sha256(bytes));
  });

  it('changes while a transfer runs, which goes on: nothing is sent again', async () => {
    rig.configure(limits({ uploadKiBps: 64 }));
    await rig.start();
    const bytes = noise(4 * MIB);
    rig.write('a', bytes);
    await until('the transfer is under way', () => bytesIn() > 32 * KIB);
    expect((await rig.item('a')).state).toBe('running');
    rig.configure(limits({ uploadKiBps: 0 }));
    await rig.untilItem('a', 'succeeded');
    expect(bytesIn()).toBeLessThan(bytes.length + 64 * KIB);
    const { events } = await rig.show((await rig.item('a')).id);
    expect(events.map(({ type }) => type)).toEqual(['queued', 'started', 'succeeded']);
  });

  it('of one destination holds for it alone', async () => {
    mkdirSync(rig.folder('fast'));
    rig.configure({
      folders: [rig.folderConfig('drop', { destination: 'slow' }), rig.folderConfig('fast')],
      destinations: { slow: rig.destinationConfig({ prefix: 'slow/', limits: { uploadKiBps: 64 } }) },
    });
    const fast = 'x'.repeat(4 * MIB);
    rig.write('f', fast, 'fast');
    await rig.start();
    rig.write('s', noise(256 * KIB));
    const began = performance.now();
    await rig.untilStored('fast/f', fast);
    await rig.untilItem('s', 'succeeded');
    expect(performance.now() - began).toBeGreaterThan(3200);
  });
});

describe('concurrency', () => {
  it('of 1000 small files reaches 32 on a fast service, and the status shows it', async () => {
    server.faults.add({ operation: 'PutObject', fault: { kind: 'latency', delayMs: 40 } });
    let most = 0;
    for (let each = 0; each < 1000; each += 1) rig.write(`f-${each}`, 'x'.repeat(100));
    await rig.start();
    await until('some have arrived', () => (server.counters.of('PutObject').statuses['200'] ?? 0) > 100);
    await until('all have arrived', async () => {
      const status = await rig.status();
      most = Math.max(most, status.destinations[0]?.concurrency ?? 0);
      return status.counts.succeeded === 1000;
    });
    expect(most).toBe(32);
  });

  it('goes down when the service says so, and nothing fails', async () => {
    for (let each = 0; each < 60; each += 1) rig.write(`f-${each}`, 'x');
    server.faults.add({ operation: 'PutObject', fault: { kind: 'error', status: 503, code: 'SlowDown' }, times: 20 });
    let least = Number.POSITIVE_INFINITY;
    await rig.start();
    await until('all have arrived', async () => {
      const status = await rig.status();
      least = Math.min(least, status.destinations[0]?.concurrency || Number.POSITIVE_INFINITY);
      return status.counts.succeeded === 60;
    });
    expect(least).toBeLessThan(4);
  });
});

describe('gates', () => {
  it('P11: outside of working hours files wait, in words, and calls do not; a change of the hours starts them', async () => {
    const now = new Date();
    const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
    const inTwoDays = days[(now.getDay() + 2) % 7] ?? 'mon';
    rig.configure(limits({ workingHours: [{ days: inTwoDays, from: '09:00', to: '18:00' }] }));
    await rig.start();
    rig.write('a', 'x');
    await rig.untilItem('a', 'pending');
    const item = await rig.item('a');
    expect(item.gate).toBe('schedule-closed');
    expect(item.next).toMatch(/^It starts when working hours begin, at 2\d{3}-/);
    const gate = (await rig.status()).gates[0];
    expect(gate).toMatchObject({ gate: 'schedule-closed', scope: 'all' });
    expect(gate?.reason).toContain('working hours');
    expect(Date.parse(gate?.until ?? '')).toBeGreaterThan(Date.now());
    expect(new Date(gate?.until ?? '').getHours()).toBe(9);
    expect((await rig.cli('run', '--once')).exitCode, 'another engine holds it').toBe(5);
    rig.configure();
    await rig.untilItem('a', 'succeeded');
  });

  it('a disk with less room than is wanted: nothing starts, and the words say how much there is', async () => {
    rig.configure(limits({ minFreeDisk: '8000TiB' }));
    await rig.start();
    rig.write('a', 'x');
    await rig.untilItem('a', 'pending');
    await until('the gate shows', async () => (await rig.item('a')).gate === 'disk-low');
    const { gates } = await rig.status();
    expect(gates.map(({ gate }) => gate)).toEqual(['disk-low']);
    expect(gates[0]?.reason).toMatch(/^Only [\d,]+ MiB are free .* are needed/);
    rig.configure();
    await rig.untilItem('a', 'succeeded');
  });
});
