import { mkdirSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { StatusView } from '../../../src/protocol/shapes.ts';
import { Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

let server: StandIn;
let rig: Rig;
const MIRROR = { mode: 'mirror', deletes: { grace: '1s' } };
rigForEach(startStandIn, async (started) => {
  server = started;
  return (rig = await Rig.create(server, { folder: MIRROR }));
});

async function folder(name = 'drop'): Promise<StatusView['folders'][number]> {
  const found = (await rig.status()).folders.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`there is no folder ${name}`);
  return found;
}

async function untilKeys(keys: readonly string[], deadlineMs = 20_000): Promise<void> {
  let seen: readonly string[] = [];
  try {
    await until(
      'the storage has these keys',
      async () => {
        seen = await rig.bucket.keys();
        return JSON.stringify(seen) === JSON.stringify(keys);
      },
      deadlineMs,
    );
  } catch (error) {
    throw new Error(`the storage has ${seen.join(', ')}\n${JSON.stringify(await rig.ls(), null, 1)}`, { cause: error });
  }
}

/** Files `prefix-0` and on, in one go. */
function writeMany(prefix: string, count: number): void {
  for (let index = 0; index < count; index += 1) rig.write(`${prefix}-${index}`, `content ${prefix} ${index}`);
}

async function untilSent(count: number, deadlineMs = 60_000): Promise<void> {
  await until('all is sent', async () => (await rig.status()).counts.succeeded === count, deadlineMs);
  // The marker and the digests are written at the end of the scan.
  await until('the folder is at rest', async () => (await folder()).lastScanAt !== null);
}

describe('mirror mode: deletes', () => {
  it('a deleted file’s object follows after the grace, and not before', async () => {
    rig.write('a.txt', 'stays');
    rig.write('b.txt', 'goes');
    await rig.start();
    await untilSent(2);
    const deletedAt = Date.now();
    unlinkSync(rig.at('b.txt'));
    await untilKeys(['drop/a.txt']);
    expect(Date.now() - deletedAt).toBeGreaterThanOrEqual(1000);
    expect(await rig.untilItem('b.txt', 'succeeded')).toMatchObject({ kind: 'file.delete', folder: 'drop' });
  });

  it('a file that comes back within the grace keeps its object, and replaces its own version', async () => {
    rig.configure({ folder: { ...MIRROR, deletes: { grace: '3s' } } });
    rig.write('a.txt', 'one');
    await rig.start();
    await untilSent(1);
    unlinkSync(rig.at('a.txt'));
    await until('it is gone from the inventory', async () => (await folder()).files === 0);
    rig.write('a.txt', 'two');
    await rig.untilStored('drop/a.txt', 'two');
    await rig.untilQuiet();
    expect((await rig.ls()).map(({ kind, state }) => [kind, state])).toEqual([
      ['file.upload', 'succeeded'],
      ['file.upload', 'succeeded'],
    ]);
  });

  it('a delete made while stopped follows at the next start', async () => {
    rig.write('a.txt', 'stays');
    rig.write('sub/b.txt', 'goes');
    await rig.start();
    await untilSent(2);
    await rig.stop();
    rmSync(rig.at('sub'), { recursive: true });
    await rig.start();
    await untilKeys(['drop/a.txt']);
  });

  it('the grace survives a restart', async () => {
    rig.configure({ folder: { ...MIRROR, deletes: { grace: '3s' } } });
    rig.write('a.txt', 'stays');
    rig.write('b.txt', 'goes');
    await rig.start();
    await untilSent(2);
    unlinkSync(rig.at('b.txt'));
    await until('it is gone from the inventory', async () => (await folder()).files === 1);
    await rig.stop();
    await rig.start();
    await untilKeys(['drop/a.txt']);
  });

  it('P5: an upload whose reply was lost leaves nothing behind when its file is deleted', async () => {
    rig.write('a.txt', 'stays');
    await rig.start();
    await untilSent(1);
    const lost = server.faults.add({ operation: 'PutObject', fault: { kind: 'reset', when: 'after-effect' } });
    const unseen = server.faults.add({ operation: 'HeadObject', fault: { kind: 'reset', when: 'before-effect' } });
    rig.write('b.txt', 'arrived, and nobody knows');
    await rig.untilStored('drop/b.txt', 'arrived, and nobody knows');
    await rig.stop();
    unlinkSync(rig.at('b.txt'));
    lost();
    unseen();
    await rig.start();
    await untilKeys(['drop/a.txt']);
  });

  it('another’s change is no delete of ours: it is a conflict (P4)', async () => {
    rig.write('a.txt', 'ours');
    await rig.start();
    await untilSent(1);
    await rig.bucket.put('drop/a.txt', 'theirs');
    unlinkSync(rig.at('a.txt'));
    await rig.untilItem('a.txt', 'conflict');
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
  });

  it('a rule that leaves files out now deletes nothing, neither files nor directories', async () => {
    rig.write('a.bak', 'stays');
    rig.write('cache/deep/b.txt', 'stays');
    rig.write('c.txt', 'goes');
    await rig.start();
    await untilSent(3);
    await rig.stop();
    unlinkSync(rig.at('c.txt'));
    rig.configure({ folder: { ...MIRROR, ignore: ['*.bak', 'cache/'] } });
    await rig.start();
    await untilKeys(['drop/a.bak', 'drop/cache/deep/b.txt']);
    expect((await folder()).files).toBe(0);
  });

  it('what was deleted in drop mode stays when the folder becomes a mirror; what is deleted then follows', async () => {
    rig.configure();
    for (const name of ['a.txt', 'b.txt', 'c.txt', 'd.txt']) rig.write(name, name);
    await rig.start();
    await untilSent(4);
    unlinkSync(rig.at('a.txt'));
    await until('it is gone from the inventory', async () => (await folder()).files === 3);
    await rig.stop();
    unlinkSync(rig.at('b.txt'));
    rig.configure({ folder: MIRROR });
    await rig.start();
    await until('it is looked at', async () => (await folder()).files === 2);
    await rig.rescan();
    unlinkSync(rig.at('c.txt'));
    await untilKeys(['drop/a.txt', 'drop/b.txt', 'drop/d.txt']);
  });

  it('run --once waits for the grace, and ends with 0', async () => {
    rig.write('a.txt', 'stays');
    rig.write('b.txt', 'goes');
    expect((await rig.cli('run', '--once')).exitCode).toBe(0);
    unlinkSync(rig.at('b.txt'));
    expect((await rig.cli('run', '--once')).exitCode).toBe(0);
    expect(await rig.bucket.keys()).toEqual(['drop/a.txt']);
  });

  it('P2: one that waits for a move in conflict keeps nothing awake, and follows when that ends', async () => {
    const once = async () => (await rig.cli('run', '--once')).exitCode;
    rig.write('a.txt', 'ours');
    rig.write('stays.txt', 'stays');
    expect(await once()).toBe(0);
    await rig.bucket.put('drop/b.txt', 'theirs');
    renameSync(rig.at('a.txt'), rig.at('b.txt'));
    expect(await once()).toBe(3);
    // The move still needs the object of the old name, where a file comes and goes meanwhile.
    rig.write('a.txt', 'another');
    expect(await once()).toBe(3);
    unlinkSync(rig.at('a.txt'));
    expect(await once()).toBe(3);
    expect(await rig.bucket.keys()).toEqual(['drop/a.txt', 'drop/b.txt', 'drop/stays.txt']);
    const lastScanAt = async () => (await folder()).lastScanAt;
    await rig.start();
    const before = await lastScanAt();
    await rig.json('resume');
    await until('the folder was looked at', async () => (await lastScanAt()) !== before);
    await rig.json('cancel', (await rig.untilItem('b.txt', 'conflict')).id);
    // The next look without a reason would come a minute later.
    await untilKeys(['drop/b.txt', 'drop/stays.txt']);
    expect(await rig.bucket.text('drop/b.txt')).toBe('theirs');
  });
});

describe('P4: a root that is not what it was deletes nothing', () => {
  it('an empty directory in its place freezes the folder until the right one is back', async () => {
    rig.write('a.txt', 'kept');
    rig.write('sub/b.txt', 'kept');
    await rig.start();
    await untilSent(2);
    renameSync(rig.folder(), rig.folder('away'));
    mkdirSync(rig.folder());
    rig.write('stranger.txt', 'not ours');
    await until('it is frozen', async () => (await folder()).error?.code === 'folder.marker-missing');
    expect((await folder()).error?.hint).toMatch(/longshore folder adopt/);
    const doctor = await rig.cli('doctor');
    expect(doctor.exitCode).toBe(3);
    expect(doctor.out).toMatch(/! Folder drop +This does not look like the folder/);
    await rig.json('resume');
    await until('another look', async () => (await folder()).state === 'frozen');
    expect(await rig.bucket.keys()).toEqual(['drop/a.txt', 'drop/sub/b.txt']);
    rmSync(rig.folder(), { recursive: true });
    renameSync(rig.folder('away'), rig.folder());
    await until('it goes on', async () => (await folder()).state === 'ok');
    unlinkSync(rig.at('a.txt'));
    await untilKeys(['drop/sub/b.txt']);
  });

  it('folder adopt takes it as it is: union, and from then on a mirror', async () => {
    rig.write('a.txt', 'kept');
    rig.write('b.txt', 'kept');
    await rig.start();
    await untilSent(2);
    renameSync(rig.folder(), rig.folder('away'));
    mkdirSync(rig.folder());
    rig.write('b.txt', 'kept');
    await until('it is frozen', async () => (await folder()).error?.code === 'folder.marker-missing');
    await rig.json('folder', 'adopt', 'drop');
    await until('it goes on', async () => (await folder()).state === 'ok' && (await folder()).files === 1);
    await rig.rescan();
    unlinkSync(rig.at('b.txt'));
    await untilKeys(['drop/a.txt']);
  });
});

describe('folder adopt', () => {
  it('is refused where there is nothing to adopt: in drop mode', async () => {
    rig.configure();
    await rig.start();
    const { exitCode, err } = await rig.cli('folder', 'adopt', 'drop');
    expect(exitCode).toBe(2);
    expect(err).toContain('drop mode');
  });
});

describe('P4: too many deletes at once', () => {
  const many = { ...MIRROR, deletes: { grace: '1s', askAboveFiles: 5, askAboveShare: '20%' } };

  async function emptied(): Promise<void> {
    rig.configure({ folder: many });
    writeMany('f', 20);
    await rig.start();
    await untilSent(20);
    for (let index = 0; index < 10; index += 1) unlinkSync(rig.at(`f-${index}`));
    await until('it asks', async () => (await folder()).guard !== null);
  }

  it('wait for a word, uploads go on; the word lets them go', async () => {
    await emptied();
    const { guard } = await folder();
    expect(guard).toMatchObject({ count: 10, of: 20 });
    expect(guard?.sample).toContain('f-0');
    expect((await rig.status()).gates).toContainEqual(
      expect.objectContaining({ gate: 'mass-delete', scope: 'folder:drop' }),
    );
    rig.write('new.txt', 'goes on');
    await rig.untilStored('drop/new.txt', 'goes on');
    expect(await rig.bucket.keys()).toHaveLength(21);
    const listed = await rig.cli('deletes');
    expect(listed.out).toMatch(/10 files of 20 gone/);
    expect((await rig.cli('status')).out).toContain('longshore deletes drop');
    await rig.json('deletes', 'drop', '--allow');
    await until('they are gone', async () => (await rig.bucket.keys()).length === 11);
    await until('it asks no more', async () => (await folder()).guard === null);
  });

  it('or keeps their objects for good', async () => {
    await emptied();
    expect(await rig.json('deletes', 'drop', '--keep')).toMatchObject({ files: 10 });
    await until('it asks no more', async () => (await folder()).guard === null);
    unlinkSync(rig.at('f-19'));
    await until('what is deleted later follows', async () => (await rig.bucket.text('drop/f-19')) === null);
    expect(await rig.bucket.keys()).toHaveLength(19);
  });

  it('some that come back let no other go: one restored after the other, none is lost on the way', async () => {
    await emptied();
    for (let index = 0; index < 9; index += 1) await rig.json('restore', 'drop', `f-${index}`, '--wait');
    await until('they are counted', async () => (await folder()).guard?.count === 1);
    await rig.rescan();
    expect(await rig.bucket.keys()).toHaveLength(20);
    await rig.json('restore', 'drop', 'f-9', '--wait');
    await until('it asks no more', async () => (await folder()).guard === null);
    expect(await rig.bucket.keys()).toHaveLength(20);
    unlinkSync(rig.at('f-9'));
    await until('what is deleted later follows', async () => (await rig.bucket.keys()).length === 19);
  });

  it('survives a restart, and makes run --once end with 3 and say so', async () => {
    await emptied();
    await rig.stop();
    const once = await rig.cli('run', '--once');
    expect(once.exitCode).toBe(3);
    expect(once.err).toMatch(/10 of 20 files are gone/);
    expect(await rig.cli('deletes', 'drop', '--allow')).toMatchObject({ exitCode: 0 });
    expect((await rig.cli('run', '--once')).exitCode).toBe(0);
    expect(await rig.bucket.keys()).toHaveLength(10);
  });
});
