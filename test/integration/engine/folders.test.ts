import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { StatusView } from '../../../src/protocol/shapes.ts';
import { Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { startStandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

let rig: Rig;
rigForEach(startStandIn, async (server) => {
  rig = await Rig.create(server);
  rig.configure({ folders: [rig.folderConfig('drop'), rig.folderConfig('usb')] });
  return rig;
});

async function untilFolder(name: string, state: StatusView['folders'][number]['state']) {
  let seen: StatusView['folders'][number] | undefined;
  await until(`folder ${name} is ${state}`, async () => {
    seen = (await rig.status()).folders.find((folder) => folder.name === name);
    return seen?.state === state;
  });
  return seen!;
}

describe('P10: a folder that is not there', () => {
  it('at the start: it is frozen and says how to mend it; the others work; it goes on when it is there', async () => {
    rig.write('a.txt', 'works');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    const frozen = await untilFolder('usb', 'frozen');
    expect(frozen.error).toMatchObject({ code: 'folder.missing' });
    expect(frozen.error?.hint).toMatch(/Connect the drive/);
    const status = await rig.status();
    expect(status.state).toBe('running');
    expect(status.gates).toEqual([expect.objectContaining({ gate: 'folder-frozen', scope: 'folder:usb' })]);
    rig.write('b.txt', 'back', 'usb');
    await rig.untilStored('usb/b.txt', 'back');
    expect((await untilFolder('usb', 'ok')).error).toBeNull();
  });

  it('any more, while running: nothing is deleted or forgotten, the others work, and it returns quietly', async () => {
    mkdirSync(rig.folder('usb'));
    rig.write('kept.txt', 'kept', 'usb');
    rig.write('dir/too.txt', 'kept', 'usb');
    await rig.start();
    await rig.untilItem('kept.txt', 'succeeded');
    await rig.untilItem('dir/too.txt', 'succeeded');
    renameSync(rig.folder('usb'), rig.folder('pulled'));
    await rig.json('resume');
    await untilFolder('usb', 'frozen');
    rig.write('a.txt', 'works');
    await rig.untilStored('drop/a.txt', 'works');
    expect(await rig.bucket.keys()).toEqual(['drop/a.txt', 'usb/dir/too.txt', 'usb/kept.txt']);
    const before = (await rig.ls('--folder', 'usb')).length;
    rig.write('new.txt', 'made elsewhere', 'pulled');
    renameSync(rig.folder('pulled'), rig.folder('usb'));
    await rig.untilStored('usb/new.txt', 'made elsewhere');
    await untilFolder('usb', 'ok');
    await rig.untilQuiet();
    expect(await rig.ls('--folder', 'usb')).toHaveLength(before + 1);
  });

  it('P2: what was queued of it waits, gated, and goes on; it is no failure of the files', async () => {
    mkdirSync(rig.folder('usb'));
    await rig.start();
    await rig.json('pause');
    rig.write('a.txt', 'queued', 'usb');
    await rig.untilItem('a.txt', 'pending');
    renameSync(rig.folder('usb'), rig.folder('pulled'));
    await rig.json('resume');
    await untilFolder('usb', 'frozen');
    // One look at the file may have come before the look at the folder, or be under way still.
    await until('it is gated', async () => (await rig.item('a.txt', 'usb')).gate === 'folder-frozen');
    expect(['pending', 'waiting']).toContain((await rig.item('a.txt', 'usb')).state);
    renameSync(rig.folder('pulled'), rig.folder('usb'));
    await rig.untilStored('usb/a.txt', 'queued');
  });

  it('an empty directory in its place (an unmounted drive) is not taken for a delete of everything', async () => {
    mkdirSync(rig.folder('usb'));
    rig.write('kept.txt', 'kept', 'usb');
    await rig.start();
    await rig.untilItem('kept.txt', 'succeeded');
    rmSync(rig.folder('usb'), { recursive: true });
    mkdirSync(rig.folder('usb'));
    await rig.json('resume');
    rig.write('a.txt', 'works');
    await rig.untilStored('drop/a.txt', 'works');
    await rig.untilQuiet();
    expect(await rig.bucket.text('usb/kept.txt')).toBe('kept');
  });

  it('two folders with one place in the storage: one works, one is frozen and says why', async () => {
    mkdirSync(rig.folder('usb'));
    rig.configure({ folders: [rig.folderConfig('drop'), rig.folderConfig('usb', { prefix: 'drop/' })] });
    rig.write('a.txt', 'works');
    rig.write('b.txt', 'does not', 'usb');
    const checked = await rig.cli('config', 'check');
    expect(checked.exitCode).toBe(2);
    await rig.start();
    await until('one folder is frozen', async () => {
      const { folders } = await rig.status();
      return folders.filter((folder) => folder.error?.code === 'folder.overlap').length === 1;
    });
    await rig.untilQuiet();
    expect(await rig.bucket.keys()).toHaveLength(1);
  });
});
