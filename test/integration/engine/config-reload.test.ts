import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MIB, noise, PART_BYTES, Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

let server: StandIn;
let rig: Rig;
rigForEach(startStandIn, async (started) => {
  server = started;
  return (rig = await Rig.create(server));
});

describe('a change of the configuration file, while the engine runs', () => {
  it('adds a folder, and takes one away, without a restart', async () => {
    await rig.start();
    mkdirSync(rig.folder('more'));
    rig.write('a.txt', 'more', 'more');
    rig.configure({ folders: [rig.folderConfig('drop'), rig.folderConfig('more')] });
    await rig.untilStored('more/a.txt', 'more');
    rig.configure();
    await until('the folder is gone', async () => (await rig.status()).folders.length === 1);
    rig.write('b.txt', 'not watched', 'more');
    rig.write('marker.txt', 'watched');
    await rig.untilStored('drop/marker.txt', 'watched');
    expect(await rig.bucket.get('more/b.txt')).toBeNull();
  });

  it('an invalid one is told in words and the last good one stays in force; mended, it counts', async () => {
    await rig.start();
    writeFileSync(rig.configFile, '{ "folders": [ { "path": 5 } ] }');
    await until('the problem is shown', async () => (await rig.status()).configProblems.length > 0);
    expect((await rig.status()).configProblems.join('\n')).toMatch(/longshore\.json:1:\d+/);
    rig.write('a.txt', 'still works');
    await rig.untilStored('drop/a.txt', 'still works');
    const mended = `${rig.configFile}.new`;
    const good = JSON.stringify({
      folders: [rig.folderConfig('drop', { prefix: 'moved/' })],
      destinations: { main: rig.destinationConfig() },
    });
    writeFileSync(mended, good);
    // As editors save: a rename over the old one.
    renameSync(mended, rig.configFile);
    await until('the problem is gone', async () => (await rig.status()).configProblems.length === 0);
    rig.write('b.txt', 'elsewhere');
    await rig.untilStored('moved/b.txt', 'elsewhere');
  });

  it('P6: a transfer under way goes on at its checkpoint', async () => {
    const hurry = server.faults.add({
      operation: 'UploadPart',
      fault: { kind: 'bandwidth', bytesPerSecond: 8_000_000 },
    });
    const bytes = noise(61 * MIB);
    rig.write('big.bin', bytes);
    await rig.start();
    await until('a part is done', () => (server.counters.of('UploadPart').statuses['200'] ?? 0) > 0);
    rig.configure({ destination: { stallTimeout: '45s' } });
    await until('it is in force', () => rig.log.some((line) => line.includes('in force now')));
    hurry();
    await rig.untilItem('big.bin', 'succeeded');
    expect(server.counters.of('CreateMultipartUpload').requests).toBe(1);
    expect(server.counters.of('UploadPart').requestBodyBytes).toBeLessThanOrEqual(bytes.length + 4 * PART_BYTES);
  });

  it('of folders alone stops no transfer of the others, and pauses what it says', async () => {
    mkdirSync(rig.folder('more'));
    const slow = server.faults.add({
      operation: 'UploadPart',
      fault: { kind: 'bandwidth', bytesPerSecond: 8_000_000 },
    });
    rig.write('big.bin', noise(41 * MIB));
    await rig.start();
    await until('a part is done', () => (server.counters.of('UploadPart').statuses['200'] ?? 0) > 0);
    rig.write('a.txt', 'more', 'more');
    rig.configure({ folders: [rig.folderConfig('drop', { ignore: ['*.bak'] }), rig.folderConfig('more')] });
    await rig.untilStored('more/a.txt', 'more');
    const { state, id } = await rig.item('big.bin');
    expect(state).toBe('running');
    slow();
    await rig.untilItem('big.bin', 'succeeded');
    expect((await rig.show(id)).events.map(({ type }) => type)).toEqual(['queued', 'started', 'succeeded']);
    rig.configure({ folders: [rig.folderConfig('drop'), rig.folderConfig('more', { paused: true })] });
    await until('it is paused', async () => (await rig.status()).folders[1]?.state === 'paused');
    rig.write('b.txt', 'waits', 'more');
    await rig.untilItem('b.txt', 'pending');
    rig.configure({ folders: [rig.folderConfig('drop'), rig.folderConfig('more')] });
    await rig.untilStored('more/b.txt', 'waits');
  });

  it('of the place in the storage: all files go there, and nothing is deleted where they were', async () => {
    const mirror = { mode: 'mirror', deletes: { grace: '0s' } };
    rig.configure({ folder: mirror });
    rig.write('a.txt', 'a');
    rig.write('b.txt', 'b');
    await rig.start();
    await until('all is sent', async () => (await rig.status()).counts.succeeded === 2);
    await rig.rescan();
    rig.configure({ folder: { ...mirror, prefix: 'moved/' } });
    await rig.untilStored('moved/a.txt', 'a');
    await rig.untilStored('moved/b.txt', 'b');
    await rig.rescan();
    rmSync(rig.at('a.txt'));
    await until('the delete follows', async () => (await rig.bucket.text('moved/a.txt')) === null);
    expect(await rig.bucket.keys()).toEqual(['drop/a.txt', 'drop/b.txt', 'moved/b.txt']);
  });
});
