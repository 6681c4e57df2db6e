import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MIB, noise, Rig } from '../../support/engine-harness.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { SmallDisk, WHY_NO_SMALL_DISK } from '../../support/small-disk.ts';
import { until } from '../../support/until.ts';

if (WHY_NO_SMALL_DISK !== null) console.log(WHY_NO_SMALL_DISK);

/** More than the database and its log (16 MiB) take, and little enough to be full at once. */
const DISK_MIB = 24;

/** The data directory lies on a real file system of its own, and no least room is configured (`minFreeDisk: 0`). */
describe.skipIf(WHY_NO_SMALL_DISK !== null)('P1, P2, P11: a full disk under the queue', () => {
  let server: StandIn;
  let rig: Rig;
  let disk: SmallDisk;
  beforeEach(async () => {
    server = await startStandIn();
    rig = await Rig.create(server);
    disk = new SmallDisk(rig.dataDir, DISK_MIB);
    rig.configure({ sections: { limits: { minFreeDisk: 0 } } });
  });
  afterEach(async () => {
    disk.empty();
    await rig.stop();
    disk.unmount();
    await rig.close();
    await server.close();
  });

  const gate = async () => (await rig.status()).gates.find(({ gate }) => gate === 'disk-low');

  it('shuts a gate that says so in words, is told once, and opens by itself: nothing is lost', async () => {
    rig.write('before.txt', 'before');
    await rig.start();
    await rig.untilItem('before.txt', 'succeeded');
    await rig.untilQuiet();

    disk.fill();
    for (let each = 0; each < 300; each += 1) rig.write(`many/${each}.txt`, `content ${each}`);
    await until('the gate is shut', async () => (await gate()) !== undefined);
    const { state, disk: facts } = await rig.status();
    expect({ state, facts }).toMatchObject({ state: 'error', facts: { dataDir: rig.dataDir, full: true } });
    const { reason } = (await gate())!;
    for (const words of [rig.dataDir, 'is full', 'nothing is taken up', 'Free some space', 'goes on by itself'])
      expect(reason).toContain(words);
    const { out } = await rig.cli('status');
    expect(out).toContain(reason);

    // Changes keep coming, and so do scans that can't be recorded.
    for (let each = 0; each < 20; each += 1) {
      rig.write(`later/${each}.txt`, `later ${each}`);
      await rig.status();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect((await gate())?.reason, 'a look without anything to write opens no gate').toBe(reason);
    const told = () => rig.log.filter((line) => /full/.test(line));
    expect(told(), 'once').toHaveLength(1);
    expect(told()[0]).toContain(rig.dataDir);

    // What is asked for and can't be recorded is refused, in words.
    writeFileSync(join(rig.base, 'body'), JSON.stringify(noise(MIB / 4).toString('hex')));
    const call = await rig.cli('call', 'POST', 'https://127.0.0.1:9/x', '--body', `@${join(rig.base, 'body')}`);
    expect(call).toMatchObject({ exitCode: 2, err: expect.stringContaining('is full') as string });
    expect(
      (await rig.ls()).filter(({ kind }) => kind === 'api.call'),
      'P1: refused is not queued',
    ).toEqual([]);

    disk.empty();
    await until('the gate is open', async () => (await gate()) === undefined, 30_000);
    for (let each = 0; each < 300; each += 1) await rig.untilStored(`drop/many/${each}.txt`, `content ${each}`, 30_000);
    for (let each = 0; each < 20; each += 1) await rig.untilStored(`drop/later/${each}.txt`, `later ${each}`);
    expect(await rig.untilQuiet()).toMatchObject({ state: 'running', counts: { failed: 0, conflict: 0 } });
  });

  it('P6: in the middle of parts: the transfer rests, fails in nothing, and goes on', async () => {
    const content = noise(24 * MIB);
    rig.configure({ sections: { limits: { minFreeDisk: 0, uploadKiBps: 8 * 1024 } } });
    rig.write('large.bin', content);
    await rig.start();
    await rig.untilItem('large.bin', 'running');
    disk.fill();
    for (let each = 0; each < 300; each += 1) rig.write(`many/${each}.txt`, `content ${each}`);
    await until('the gate is shut', async () => (await gate()) !== undefined);
    disk.empty();
    await rig.untilItem('large.bin', 'succeeded', 50_000);
    expect((await rig.bucket.get('drop/large.bin'))?.body.equals(content)).toBe(true);
    expect((await rig.untilQuiet(30_000)).counts).toMatchObject({ failed: 0, conflict: 0 });
  });

  it('an engine can stop, `run --once` ends in words and not with 0, and the next start goes on', async () => {
    rig.write('before.txt', 'before');
    expect(await rig.spawn('run', '--once').ended).toMatchObject({ exitCode: 0 });
    await rig.start();
    await rig.untilQuiet();
    disk.fill();
    rig.write('new.txt', 'new');
    for (let each = 0; each < 300; each += 1) rig.write(`many/${each}.txt`, `content ${each}`);
    await until('the gate is shut', async () => (await gate()) !== undefined);
    await rig.stop();
    expect(readFileSync(join(rig.folder(), 'new.txt'), 'utf8')).toBe('new');
    disk.fill();
    const once = await rig.spawn('run', '--once').ended;
    expect([1, 3], once.out + once.err).toContain(once.exitCode);
    expect(once.out + once.err).toMatch(/The disk with .* is full/);
    disk.empty();
    await rig.start();
    await rig.untilStored('drop/new.txt', 'new');
    await rig.untilStored('drop/many/299.txt', 'content 299');
  });
});
