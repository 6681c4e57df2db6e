import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EventView, StatusView } from '../../../src/protocol/shapes.ts';
import { Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { startStandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

let rig: Rig;
rigForEach(startStandIn, async (server) => (rig = await Rig.create(server)));

const folderOf = async (): Promise<StatusView['folders'][number]> => (await rig.status()).folders[0]!;
const events = async (): Promise<EventView[]> => ((await rig.json('events')) as { items: EventView[] }).items;
const lastEvent = async (type: string) => (await events()).findLast((event) => event.type === type);

describe('P11: a folder', () => {
  it('that is gone, and comes back, is told in the history, once each; `run` prints a line of each', async () => {
    const run = rig.spawn('run');
    await rig.untilEngine();
    rig.write('a.txt', 'one');
    await rig.untilStored('drop/a.txt', 'one');
    renameSync(rig.folder(), rig.folder('away'));
    await until('it is frozen', async () => (await folderOf()).state === 'frozen');
    renameSync(rig.folder('away'), rig.folder());
    await until('it is well', async () => (await folderOf()).state === 'ok', 15_000);
    const told = (await events()).filter(({ type }) => type.startsWith('folder-'));
    expect(told.map(({ type, resourceKey }) => [type, resourceKey])).toEqual([
      ['folder-frozen', 'folder:drop'],
      ['folder-thawed', 'folder:drop'],
    ]);
    expect(told[0]?.details).toMatchObject({ code: 'folder.missing', message: 'The folder is not there.' });
    await run.kill('SIGTERM');
    const lines = run.output.split('\n').filter((line) => line.includes('folder-'));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('The folder is not there.');
  });

  it('in whose place a file stands now is told so', async () => {
    await rig.start();
    await rig.untilQuiet();
    rmSync(rig.folder(), { recursive: true });
    writeFileSync(rig.folder(), 'a file');
    await until('it is frozen', async () => (await folderOf()).state === 'frozen');
    expect((await folderOf()).error).toMatchObject({ code: 'folder.not-a-directory' });
    expect((await folderOf()).error?.message).toMatch(/no folder stands in its place/);
    expect(readFileSync(rig.folder(), 'utf8'), 'P13').toBe('a file');
  });

  it('in mirror mode: its marker counts as nothing that is ignored; deleted alone it freezes the folder at once', async () => {
    rig.configure({ folder: { mode: 'mirror', deletes: { grace: '100ms' } } });
    rig.write('a.txt', 'one');
    await rig.start();
    await rig.untilStored('drop/a.txt', 'one');
    await until('it has its marker', () => Promise.resolve(existsSync(rig.at('.longshore-folder'))));
    rig.write('.longshoreignore', '*.bak\n');
    rig.write('b.bak', 'left out');
    await until('what a rule leaves out is counted', async () => (await folderOf()).ignored === 2);
    const marker = readFileSync(rig.at('.longshore-folder'));
    rmSync(rig.at('.longshore-folder'));
    await until('it is frozen', async () => (await folderOf()).state === 'frozen', 5000);
    expect((await folderOf()).error?.code).toBe('folder.marker-missing');
    expect((await lastEvent('folder-frozen'))?.details).toMatchObject({ code: 'folder.marker-missing' });
    expect(await rig.bucket.text('drop/a.txt')).toBe('one');
    writeFileSync(rig.at('.longshore-folder'), marker);
    await until('it is well', async () => (await folderOf()).state === 'ok', 15_000);
  });

  it('a mass delete that waits for a word is told in the history, and so is that nobody has to answer any more', async () => {
    rig.configure({ folder: { mode: 'mirror', deletes: { grace: '100ms', askAboveFiles: 2, askAboveShare: '20%' } } });
    for (let each = 0; each < 5; each += 1) rig.write(`d/${each}.txt`, `content ${each}`);
    await rig.start();
    await until('all are there', async () => (await rig.bucket.allKeys()).length === 5);
    await until('it has its marker', () => Promise.resolve(existsSync(rig.at('.longshore-folder'))));
    await rig.rescan();
    rmSync(rig.at('d'), { recursive: true });
    await until('it asks', async () => (await folderOf()).guard !== null);
    const held = await lastEvent('deletes-held');
    expect(held).toMatchObject({ resourceKey: 'folder:drop', details: { count: 5, of: 5 } });
    expect(held?.details['message']).toContain('longshore deletes drop');
    for (let each = 0; each < 5; each += 1) rig.write(`d/${each}.txt`, `content ${each}`);
    await until('it asks no more', async () => (await folderOf()).guard === null, 15_000);
    expect((await events()).filter(({ type }) => type.startsWith('deletes-')).map(({ type }) => type)).toEqual([
      'deletes-held',
      'deletes-released',
    ]);
  });
});

describe('P11: an item', () => {
  it('that could not be archived says what, why, and when it is tried again; then it is', async () => {
    const archive = join(rig.base, 'archive');
    writeFileSync(archive, 'in the way');
    rig.configure({ folder: { afterUpload: 'archive', archivePath: archive } });
    rig.write('a.txt', 'one');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    await until('it is told', async () => (await rig.item('a.txt')).leftInPlace !== undefined);
    const { leftInPlace } = await rig.item('a.txt');
    expect(leftInPlace).toMatchObject({ action: 'archive', error: { code: 'local.archive-failed' } });
    expect(leftInPlace?.error.detail).toContain(archive);
    expect(Date.parse(leftInPlace!.tryAgainAt)).toBeGreaterThan(0);
    const { out } = await rig.cli('ls');
    expect(out).toContain('uploaded, but not archived yet');
    expect(existsSync(rig.at('a.txt')), 'P13').toBe(true);
    expect((await lastEvent('left-in-place'))?.details['message']).toMatch(/stays where it is/);
    rmSync(archive);
    await until('it is archived', () => Promise.resolve(!existsSync(rig.at('a.txt'))), 15_000);
    await until('nothing is said any more', async () => (await rig.item('a.txt')).leftInPlace === undefined);
    expect(readFileSync(join(archive, 'a.txt'), 'utf8')).toBe('one');
  });

  it('that went up beside theirs shows the key that it has; what the choices mean is said with them', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours');
    await rig.start();
    const { id } = await rig.untilItem('a.txt', 'conflict');
    const { out } = await rig.cli('resolve', id, '--keep', 'both');
    expect(out).toMatch(/1 conflict resolved: both stay\.\n.*until you change the file again: then yours replaces it/);
    expect(out).toMatch(/undo.* only while the bucket keeps versions/);
    const done = await rig.untilItem('a.txt', 'succeeded');
    expect(done.storedAs).toMatch(/^drop\/a \(conflict testbox .*\)\.txt$/);
    expect(await rig.bucket.text(done.storedAs!)).toBe('ours');
    expect((await rig.cli('show', id)).out).toContain(done.storedAs!);
    expect((await rig.cli('ls', '--json')).out).toContain('"storedAs"');
    // As it was said: the next change of the file replaces theirs.
    rig.write('a.txt', 'ours, edited');
    await rig.untilStored('drop/a.txt', 'ours, edited');
    expect((await rig.cli('resolve', '--all', '--keep', 'local')).out).toBe('No conflicts.\n');
    const help = (await rig.cli('resolve', '--help')).out;
    expect(help).toMatch(/it replaces theirs/);
    expect(help).toMatch(/only while the bucket keeps versions/);
  });

  it('that something newer took the place of keeps no old error as its note', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours');
    await rig.start();
    const old = await rig.untilItem('a.txt', 'conflict');
    rig.write('a.txt', 'ours, again');
    await until('it is superseded', async () => (await rig.show(old.id)).state === 'superseded');
    const { out } = await rig.cli('ls', '--state', 'superseded');
    expect(out).toContain('something newer took its place');
    expect(out).not.toContain('conflict.exists');
  });

  it('a move in conflict tells both of its names', async () => {
    rig.configure({ folder: { mode: 'mirror', deletes: { grace: '5s' } } });
    rig.write('old.txt', 'content');
    await rig.start();
    await rig.untilStored('drop/old.txt', 'content');
    await until('it has its marker', () => Promise.resolve(existsSync(rig.at('.longshore-folder'))));
    await rig.untilQuiet();
    await rig.bucket.put('drop/new.txt', 'theirs');
    renameSync(rig.at('old.txt'), rig.at('new.txt'));
    const conflict = await rig.untilItem('new.txt', 'conflict');
    expect(conflict).toMatchObject({ kind: 'file.move', movedFrom: 'old.txt' });
    for (const args of [['conflicts'], ['ls'], ['show', conflict.id]])
      expect((await rig.cli(...args)).out, args.join(' ')).toContain('new.txt (was old.txt)');
  });
});

it('P11: where all were refused the refusals alone are told', async () => {
  rig.write('a.txt', 'one');
  await rig.start();
  const { id } = await rig.untilItem('a.txt', 'succeeded');
  for (const args of [
    ['undo', id],
    ['resolve', id, '--keep', 'local'],
    ['retry', id],
    ['cancel', id],
  ]) {
    const { exitCode, out, err } = await rig.cli(...args);
    expect({ args, exitCode, out }).toEqual({ args, exitCode: 2, out: '' });
    expect(err).toContain(`${id}: `);
  }
});

it('a destination that was not changed is as well known after a reload as before', async () => {
  const other = rig.destinationConfig({ prefix: 'other/' });
  rig.write('a.txt', 'one');
  await rig.start();
  await rig.untilItem('a.txt', 'succeeded');
  const stateOf = async () => (await rig.status()).destinations.map(({ name, state }) => `${name} ${state}`);
  expect(await stateOf()).toEqual(['main ok']);
  rig.configure({ destinations: { other } });
  await until('the reload', async () => (await stateOf()).length === 2);
  expect(await stateOf()).toEqual(['main ok', 'other unknown']);
});

it('P13: a restore right after or right before an edit, seen or not, overwrites nothing: the edit is kept', async () => {
  rig.write('a.txt', 'version 0');
  await rig.start();
  await rig.untilStored('drop/a.txt', 'version 0');
  await rig.untilQuiet();
  for (let round = 1; round <= 8; round += 1) {
    const edited = `edit ${round}`;
    const waitMs = [0, 5, 20, 60, 100, 150, 300, 700][round - 1]!;
    writeFileSync(rig.at('a.txt'), edited);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    // Refused where the edit is on its way already; else theirs comes, and the edit is kept beside it.
    await rig.cli('restore', 'drop', 'a.txt');
    await rig.untilQuiet();
    const here = readdirSync(rig.folder()).map((name) => readFileSync(join(rig.folder(), name), 'utf8'));
    expect(here, `after ${waitMs} ms`).toContain(edited);
    // The other way round: theirs differs, its download is under way, and somebody saves.
    await rig.bucket.put('drop/a.txt', `theirs ${round}`);
    const restoring = rig.cli('restore', 'drop', 'a.txt', '--wait');
    await new Promise((resolve) => setTimeout(resolve, waitMs / 4));
    writeFileSync(rig.at('a.txt'), `${edited} again`);
    await restoring;
    await rig.untilQuiet();
    const then = readdirSync(rig.folder()).map((name) => readFileSync(join(rig.folder(), name), 'utf8'));
    expect(then, `${waitMs / 4} ms after the restore`).toContain(`${edited} again`);
    for (const { id } of await rig.ls('--state', 'conflict')) await rig.json('resolve', id, '--keep', 'local');
    await rig.untilQuiet();
  }
});
