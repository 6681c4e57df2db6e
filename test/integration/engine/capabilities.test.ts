import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWritable } from '../../../src/db/connection.ts';
import { SettingsRepo } from '../../../src/db/settings-repo.ts';
import { databaseFile } from '../../../src/engine/engine.ts';
import { storeIntent, type ProbeIntent } from '../../../src/sync/capabilities/capability-store.ts';
import type { CapabilitiesView } from '../../../src/protocol/shapes.ts';
import { CONDITIONAL_METHODS, type ConditionalMethod } from '../../../tools/s3/ignored-conditions.ts';
import { MIB, noise, Rig, type ConfigPatch } from '../../support/engine-harness.ts';
import { sha256, TestBucket } from '../../support/s3-bucket.ts';
import { startMoto, startStandIn, type S3Endpoint, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

let closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  closing = [];
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
});

async function standIn(...ignored: readonly ConditionalMethod[]): Promise<StandIn> {
  const server = await startStandIn({ ignoreConditions: ignored });
  closing.push(() => server.close());
  return server;
}

async function makeRig(server: S3Endpoint, patch: ConfigPatch = {}): Promise<Rig> {
  const rig = await Rig.create(server, { ...patch, serviceIsKnown: false });
  closing.push(() => rig.close());
  return rig;
}

async function capabilitiesOf(rig: Rig): Promise<CapabilitiesView> {
  const known = (await rig.status()).destinations[0]?.capabilities;
  if (known === undefined) throw new Error('the status tells nothing of capabilities');
  return known;
}

/** Waits for the probe, which follows the first contact. */
async function untilKnown(rig: Rig): Promise<CapabilitiesView> {
  await until('the capabilities are known', async () => (await capabilitiesOf(rig)).checkedAt !== null);
  return await capabilitiesOf(rig);
}

/** What a probe has left is taken away at once only where nothing of it can still be on its way: long after. */
function makeOld(rig: Rig): void {
  const db = openWritable(databaseFile(rig.dataDir));
  const settings = new SettingsRepo(db);
  const [intent] = settings.get('capabilities-probes:main') as [ProbeIntent & { readonly storage: string }];
  storeIntent(settings, 'main', { ...intent, at: intent.at - 3_600_000 });
  db.close();
}

describe('the capability probe', () => {
  it('P7: follows the first contact, finds a good service out, and takes everything away again', async () => {
    const rig = await makeRig(await standIn(), { destination: { prefix: 'team/' } });
    await rig.start();
    expect(await capabilitiesOf(rig)).toMatchObject({ checkedAt: null, note: null });
    rig.write('a.txt', 'one');
    await rig.untilItem('a.txt', 'succeeded');
    const known = await untilKnown(rig);
    expect(new Set(Object.values(known.conditions))).toEqual(new Set(['yes']));
    expect(known).toMatchObject({
      denied: false,
      leftover: null,
      checksums: { put: 'yes', multipart: 'yes' },
      versions: 'no',
      standIns: [],
      note: null,
    });
    expect(await rig.bucket.allKeys()).toEqual(['team/drop/a.txt']);
    expect(await rig.bucket.allOpenUploads()).toEqual([]);
    // It is no operation.
    expect(await rig.ls()).toHaveLength(1);
  });

  it('lets small files go without a look as soon as it knows of PUTs, long before it knows of all the rest', async () => {
    const server = await standIn();
    server.faults.add({ operation: 'CreateMultipartUpload', fault: { kind: 'hang', when: 'before-effect' } });
    const rig = await makeRig(server);
    await rig.start();
    rig.write('a.txt', 'one');
    await until('it asks about parts', () => server.counters.of('CreateMultipartUpload').requests > 0);
    await rig.untilItem('a.txt', 'succeeded');
    server.counters.reset();
    rig.write('b.txt', 'one');
    await rig.untilItem('b.txt', 'succeeded');
    expect(server.counters.of('HeadObject').requests).toBe(0);
    expect((await capabilitiesOf(rig)).checkedAt).toBeNull();
  });

  it('is remembered over a restart, and asked again when the configuration names another place', async () => {
    const server = await standIn();
    const rig = await makeRig(server);
    await rig.start();
    rig.write('a.txt', 'one');
    const { checkedAt } = await untilKnown(rig);
    await rig.stop();
    server.counters.reset();
    await rig.start();
    expect((await capabilitiesOf(rig)).checkedAt).toBe(checkedAt);
    rig.write('b.txt', 'one');
    await rig.untilItem('b.txt', 'succeeded');
    await rig.untilQuiet();
    expect(server.counters.of('CopyObject').requests).toBe(0);
    // And no look is needed before a write now.
    expect(server.counters.of('HeadObject').requests).toBe(0);
    await rig.stop();
    rig.configure({ destination: { prefix: 'elsewhere/' } });
    await rig.start();
    expect((await capabilitiesOf(rig)).checkedAt).toBeNull();
  });

  it.each(CONDITIONAL_METHODS)('P11: finds out that %s ignores its conditions, and says so', async (method) => {
    const rig = await makeRig(await standIn(method));
    await rig.start();
    rig.write('a.txt', 'one');
    const known = await untilKnown(rig);
    const of = Object.entries(known.conditions).filter(([name]) => name.startsWith(method));
    expect(new Set(of.map(([, answer]) => answer))).toEqual(new Set(['no']));
    const others = Object.entries(known.conditions).filter(([name]) => !name.startsWith(method));
    expect(new Set(others.map(([, answer]) => answer))).toEqual(new Set(['yes']));
    expect(known.standIns).toEqual(of.map(([name]) => name));
    expect(known.note).toMatch(/Conditions not honoured on .+: checked by a look before/);
    expect((await rig.cli('status')).out).toContain('Conditions not honoured');
    expect((await rig.cli('doctor')).out).toContain('Conditions not honoured');
    expect(await rig.bucket.allKeys()).toEqual(['drop/a.txt']);
  });

  it('finds out that the bucket keeps versions', async () => {
    const rig = await makeRig(await standIn());
    await rig.bucket.enableVersioning();
    await rig.start();
    rig.write('a.txt', 'one');
    expect((await untilKnown(rig)).versions).toBe('yes');
    expect(await rig.bucket.allKeys()).toEqual(['drop/a.txt']);
    expect((await rig.cli('doctor')).out).toContain('can be undone');
  });

  it('finds out what no one here wrote: moto ignores If-Match on Complete', async () => {
    const moto = await startMoto();
    closing.push(() => moto.close());
    const rig = await makeRig(moto);
    await rig.start();
    rig.write('a.txt', 'one');
    const known = await untilKnown(rig);
    expect(known.conditions).toMatchObject({
      'put-create': 'yes',
      'put-replace': 'yes',
      'complete-create': 'yes',
      'complete-replace': 'no',
    });
    expect(await rig.bucket.allKeys()).toEqual(['drop/a.txt']);
    expect(await rig.bucket.allOpenUploads()).toEqual([]);
  });

  it('P11: keys that may not delete: what stays is told, uploads go on under looks of our own', async () => {
    const server = await standIn();
    server.faults.add({
      operation: 'DeleteObject',
      fault: { kind: 'error', status: 403, code: 'AccessDenied' },
    });
    const rig = await makeRig(server);
    await rig.start();
    rig.write('a.txt', 'one');
    const known = await untilKnown(rig);
    expect(known).toMatchObject({ denied: true, conditions: { 'put-create': 'yes', 'delete-match': 'unknown' } });
    expect(known.leftover).toMatch(/^\.longshore\/probe-testbox-/);
    expect(known.note).toContain(known.leftover!);
  });

  it('P11: keys that may only write: all stays unknown, uploads go on under looks of our own', async () => {
    const server = await standIn();
    const denied = { kind: 'error', status: 403, code: 'AccessDenied' } as const;
    server.faults.add({ operation: 'PutObject', keyPattern: '^\\.longshore/', fault: denied });
    const rig = await makeRig(server);
    await rig.start();
    rig.write('a.txt', 'one');
    const known = await untilKnown(rig);
    expect(known).toMatchObject({ denied: true, leftover: null });
    expect(known.standIns).toHaveLength(8);
    expect(known.note).toMatch(/keys do not allow/);
    server.counters.reset();
    rig.write('b.txt', 'one');
    await rig.untilItem('b.txt', 'succeeded');
    expect(server.counters.of('HeadObject').requests).toBe(1);
  });

  /** The keys of a probe that was cut off stand there, and nothing of it can still be on its way. */
  async function cutOff(server: StandIn, rig: Rig): Promise<void> {
    const silence = server.faults.add({ operation: 'CopyObject', fault: { kind: 'hang', when: 'after-effect' } });
    await rig.start();
    rig.write('a.txt', 'one');
    await expect.poll(() => rig.bucket.allKeys(), { timeout: 10_000 }).toHaveLength(3);
    await rig.stop();
    expect(await rig.bucket.allKeys()).toHaveLength(3);
    silence();
    makeOld(rig);
  }

  it('P7: what a probe that was cut off has left is taken away at the next contact', async () => {
    const server = await standIn();
    const rig = await makeRig(server);
    await cutOff(server, rig);
    await rig.start();
    rig.write('b.txt', 'one');
    await untilKnown(rig);
    await expect.poll(() => rig.bucket.allKeys()).toEqual(['drop/a.txt', 'drop/b.txt']);
  });

  it('P7: … and where the destination leads elsewhere in between, as soon as it leads there again', async () => {
    const server = await standIn();
    const rig = await makeRig(server);
    await cutOff(server, rig);
    const other = await TestBucket.create(server);
    closing.push(() => Promise.resolve(other.close()));
    rig.configure({ destination: { bucket: other.name } });
    await rig.start();
    await untilKnown(rig);
    await rig.untilQuiet();
    await rig.stop();
    expect(await rig.bucket.allKeys()).toHaveLength(3);
    rig.configure();
    await rig.start();
    rig.write('b.txt', 'one');
    await untilKnown(rig);
    await expect.poll(() => rig.bucket.allKeys()).toEqual(['drop/a.txt', 'drop/b.txt']);
    expect(await other.allKeys()).toEqual(['drop/a.txt']);
  });

  it('P7: what a probe that was cut off has left is taken away although no folder goes there any more', async () => {
    const server = await standIn();
    const rig = await makeRig(server);
    await cutOff(server, rig);
    rig.configure({ folders: [] });
    await rig.start();
    await expect.poll(() => rig.bucket.allKeys(), { timeout: 10_000 }).toEqual(['drop/a.txt']);
  });

  it('P7: what could not be taken away at once is taken away by the janitor', async () => {
    const server = await standIn();
    // The first delete is a question of the probe itself.
    server.faults.add({
      operation: 'DeleteObject',
      nth: 2,
      times: 2,
      fault: { kind: 'error', status: 500, code: 'InternalError' },
    });
    const rig = await makeRig(server);
    await rig.start();
    rig.write('a.txt', 'one');
    expect((await untilKnown(rig)).denied).toBe(false);
    await expect.poll(() => rig.bucket.allKeys(), { timeout: 20_000 }).toEqual(['drop/a.txt']);
  });

  it('P9: asks nothing while everything is paused', async () => {
    const server = await standIn();
    const rig = await makeRig(server);
    server.faults.add({
      operation: 'PutObject',
      keyPattern: '^\\.longshore/',
      fault: { kind: 'latency', delayMs: 300 },
    });
    await rig.start();
    rig.write('a.txt', 'one');
    await rig.untilItem('a.txt', 'succeeded');
    await expect.poll(() => server.counters.of('PutObject').requests).toBeGreaterThan(1);
    await rig.json('pause');
    await expect.poll(() => rig.bucket.allKeys(), { timeout: 5000 }).toHaveLength(2);
    const before = server.counters.snapshot();
    await new Promise((done) => setTimeout(done, 500));
    expect(server.counters.of('HeadObject').requests).toBe(before.operations?.HeadObject?.requests ?? 0);
    expect((await capabilitiesOf(rig)).checkedAt).toBeNull();
    await rig.json('resume');
    await untilKnown(rig);
    expect(await rig.bucket.allKeys()).toEqual(['drop/a.txt']);
  });

  it('run --once neither waits for it nor leaves it half-done', async () => {
    const rig = await makeRig(await standIn());
    rig.write('a.txt', 'one');
    const ended = await rig.spawn('run', '--once').ended;
    expect(ended.exitCode).toBe(0);
    expect(await rig.bucket.allKeys()).toEqual(['drop/a.txt']);
  });
});

describe('P4: a look stands in where a service ignores conditions', () => {
  async function blindRig(...ignored: readonly ConditionalMethod[]): Promise<Rig> {
    const rig = await makeRig(await standIn(...ignored));
    await rig.start();
    rig.write('first.txt', 'one');
    await untilKnown(rig);
    return rig;
  }

  it.each([
    ['a small file', 'ours, edited'],
    ['a large file', noise(6 * MIB)],
  ])('%s: another’s change is found, and stays', async (_title, edited) => {
    const rig = await blindRig('put', 'complete');
    rig.write('a.txt', 'ours');
    await rig.untilItem('a.txt', 'succeeded');
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', edited);
    const conflict = await rig.untilItem('a.txt', 'conflict');
    expect(conflict.error?.code).toBe('conflict.changed');
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
    await rig.json('resolve', conflict.id, '--keep', 'local');
    await rig.untilItem('a.txt', 'succeeded');
    expect(sha256((await rig.bucket.get('drop/a.txt'))!.body)).toBe(sha256(edited));
  });

  it('what another put there first is found', async () => {
    const rig = await blindRig('put');
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours');
    expect((await rig.untilItem('a.txt', 'conflict')).error?.code).toBe('conflict.exists');
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
  });

  it('a change that comes while parts are sent is found right before Complete', async () => {
    const server = await standIn('complete');
    const rig = await makeRig(server);
    await rig.start();
    rig.write('large.bin', 'small at first');
    await untilKnown(rig);
    await rig.untilItem('large.bin', 'succeeded');
    const hurry = server.faults.add({ operation: 'UploadPart', fault: { kind: 'latency', delayMs: 400 } });
    rig.write('large.bin', noise(11 * MIB));
    await expect.poll(() => rig.bucket.openUploads(), { timeout: 10_000, interval: 20 }).toHaveLength(1);
    await rig.bucket.put('drop/large.bin', 'theirs came first');
    hurry();
    expect((await rig.untilItem('large.bin', 'conflict')).error?.code).toBe('conflict.changed');
    expect(await rig.bucket.text('drop/large.bin')).toBe('theirs came first');
    await expect.poll(() => rig.bucket.openUploads(), { timeout: 10_000 }).toEqual([]);
  });

  it('moto ignores If-Match on Complete: a change that comes during a pause is found there as well', async () => {
    const moto = await startMoto();
    closing.push(() => moto.close());
    const rig = await makeRig(moto, { destination: { limits: { partConcurrency: 1 } } });
    await rig.start();
    rig.write('large.bin', 'small at first');
    await untilKnown(rig);
    const first = await rig.untilItem('large.bin', 'succeeded');
    rig.write('large.bin', noise(60 * MIB));
    await expect.poll(() => rig.bucket.openUploads(), { timeout: 20_000, interval: 10 }).toHaveLength(1);
    await rig.json('pause');
    await until('the upload rests', async () => (await rig.item('large.bin')).state === 'pending');
    await rig.bucket.put('drop/large.bin', 'theirs');
    await rig.json('resume');
    const conflict = await rig.untilItem('large.bin', 'conflict', 30_000, ({ id }) => id !== first.id);
    expect(conflict.error?.code).toBe('conflict.changed');
    expect(await rig.bucket.text('drop/large.bin')).toBe('theirs');
  });

  it('P5: our own write whose reply was lost is recognised, not taken for another’s', async () => {
    const server = await standIn('put');
    const rig = await makeRig(server);
    await rig.start();
    rig.write('first.txt', 'one');
    await untilKnown(rig);
    server.faults.add({
      operation: 'PutObject',
      key: 'drop/a.txt',
      times: 1,
      fault: { kind: 'reset', when: 'after-effect' },
    });
    rig.write('a.txt', 'ours');
    await rig.untilItem('a.txt', 'succeeded');
    expect(server.counters.of('PutObject').requests).toBeGreaterThan(0);
    expect(await rig.bucket.text('drop/a.txt')).toBe('ours');
  });
});
