import { describe, expect, it } from 'vitest';
import { Commands } from '../../../src/sync/commands.ts';
import { lease, must } from '../../support/outbox.ts';
import { mirrored, WatchedFolder } from '../../support/watched-folder.ts';

const GRACE_MS = 60_000;
const goneAt = (folder: WatchedFolder) =>
  folder.outbox.db.prepare<[], { path: string }>('SELECT name AS path FROM files WHERE gone_at IS NOT NULL').all()
    .length;

const deletesOf = (folder: WatchedFolder) => folder.told().filter((told) => told.startsWith('delete'));

describe('P4: tombstones', () => {
  it('a first connection is union only: nothing is deleted, and the root gets its marker', async () => {
    const folder = new WatchedFolder();
    await folder.start();
    expect(folder.tree.marker).toMatch(/^[0-9a-f]{32}$/);
    expect(folder.outbox.repos.folders.get('drop')?.marker).toBe(folder.tree.marker);
    expect(folder.told()).toEqual([]);
  });

  it('a file that is gone is deleted after the grace, when a further healthy look does not find it', async () => {
    const folder = await mirrored(['a', 'b']);
    folder.tree.files.delete('b');
    await folder.fullScan();
    await folder.wait(GRACE_MS - 1000);
    expect(folder.told()).toEqual(['upload succeeded a', 'upload succeeded b']);
    const scans = folder.tree.scans.length;
    await folder.wait(2000);
    expect(folder.told()).toEqual(['upload succeeded a', 'upload succeeded b', 'delete pending b']);
    expect(folder.tree.scans.length).toBeGreaterThan(scans);
    expect(folder.operations().at(-1)).toMatchObject({
      lane: 'deletes:drop',
      resourceKey: 'main:drop/b',
      spec: { key: 'drop/b' },
    });
    await folder.wait(GRACE_MS);
    expect(folder.told(), 'once').toHaveLength(3);
  });

  it('P13: a file that goes into the archive under a rule of before takes no object along', async () => {
    const folder = await mirrored(['a', 'b']);
    const { repos, clock } = folder.outbox;
    const { fingerprint } = must(repos.files.get('drop', '', 'b'));
    const operation = must(folder.operations().at(-1)).id;
    // The engine is at it, or has died at it, while the folder has become a mirror.
    const wish = { operation, action: 'archive', archivePath: '/old/b', folder: 'drop', path: 'b' } as const;
    repos.afterUploads.insert({ ...wish, fingerprint: must(fingerprint), dueAt: clock.now() });
    folder.tree.files.delete('b');
    await folder.fullScan();
    repos.afterUploads.remove(operation);
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toEqual([]);
    folder.tree.files.delete('a');
    await folder.fullScan();
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toEqual(['delete pending a']);
  });

  it('does not wait for the hour to come round again when the clock is set back', async () => {
    const folder = await mirrored(['a', 'b']);
    folder.tree.files.delete('b');
    await folder.fullScan();
    folder.outbox.clock.jump(-3_600_000);
    await folder.fullScan();
    await folder.wait(GRACE_MS + 2000);
    expect(deletesOf(folder)).toEqual(['delete pending b']);
  });

  it('no delete when the file is there at the last look, though no hint told so', async () => {
    const folder = await mirrored(['a', 'b']);
    const kept = must(folder.tree.files.get('b'));
    folder.tree.files.delete('b');
    await folder.hint('');
    folder.tree.files.set('b', kept);
    await folder.wait(GRACE_MS + 2000);
    expect(deletesOf(folder)).toEqual([]);
    expect(folder.outbox.repos.files.get('drop', '', 'b')?.fingerprint).not.toBeNull();
  });

  it('a file that comes back supersedes its queued delete and replaces its own version', async () => {
    const folder = await mirrored(['a', 'b']);
    folder.tree.files.delete('b');
    await folder.fullScan();
    await folder.wait(GRACE_MS + 2000);
    const base = folder.base('b');
    folder.write('b', 7);
    await folder.hint('');
    expect(folder.told().slice(2)).toEqual(['delete superseded b', 'upload pending b']);
    expect(folder.base('b')).toEqual(base);
  });

  it('what never got to the storage leaves nothing to delete, and no row', async () => {
    const folder = new WatchedFolder();
    folder.write('a');
    await folder.start();
    folder.tree.files.delete('a');
    await folder.hint('');
    expect(folder.told()).toEqual(['upload superseded a']);
    await folder.wait(GRACE_MS + 2000);
    expect(folder.told()).toHaveLength(1);
    expect(goneAt(folder)).toBe(0);
  });

  it('what may have got there without anybody knowing is looked for', async () => {
    const folder = new WatchedFolder();
    folder.write('a');
    await folder.start();
    const running = lease(folder.outbox, must(folder.operations()[0]));
    folder.outbox.repos.operations.transition(running, 'release');
    folder.tree.files.delete('a');
    await folder.hint('');
    await folder.wait(GRACE_MS + 2000);
    expect(folder.told()).toEqual(['upload superseded a', 'delete pending a']);
  });

  it('the object of a file that could not be taken any more before it was deleted follows as well', async () => {
    const folder = await mirrored(['a', 'b']);
    folder.tree.problems.set('b', 'local.too-large');
    await folder.hint('');
    expect(folder.told().at(-1)).toBe('upload failed b');
    folder.tree.problems.clear();
    folder.tree.files.delete('b');
    await folder.hint('');
    await folder.wait(GRACE_MS + 2000);
    expect(deletesOf(folder)).toEqual(['delete pending b']);
  });

  it('P2: so does that of one which was to be judged anew when it was deleted', async () => {
    const folder = await mirrored(['a', 'b']);
    folder.tree.problems.set('b', 'local.too-large');
    await folder.hint('');
    const commands = new Commands({
      ...folder.outbox,
      stopRunning: () => undefined,
      hintDirty: () => undefined,
      isWatched: () => true,
    });
    expect(commands.retry(must(folder.operations().at(-1)).id, false)).toBeNull();
    folder.tree.problems.clear();
    folder.tree.files.delete('b');
    await folder.hint('');
    await folder.wait(GRACE_MS + 2000);
    expect(deletesOf(folder)).toEqual(['delete pending b']);
  });

  it('a file that could not be taken because another has its key takes no object along', async () => {
    const folder = await mirrored(['caf\u00e9', 'x']);
    folder.write('cafe\u0301');
    await folder.hint('');
    expect(folder.told().at(-1)).toBe('upload failed cafe\u0301');
    folder.tree.files.delete('cafe\u0301');
    await folder.hint('');
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toEqual([]);
    expect(folder.base('caf\u00e9')).not.toBeNull();
  });

  it('the whole directory that is gone leaves all its files to delete, one hint above it is enough', async () => {
    const folder = await mirrored(['x', 'sub/a', 'sub/deep/b', 'sub.txt/c']);
    folder.tree.files.delete('sub/a');
    folder.tree.files.delete('sub/deep/b');
    await folder.hint('');
    await folder.wait(GRACE_MS + 2000);
    expect(folder.told().slice(4)).toEqual(['delete pending sub/a', 'delete pending sub/deep/b']);
  });

  it.each([
    ['the disk of the database is full', (folder: WatchedFolder) => (folder.inTrouble = true)],
    [
      'the disk fails somewhere in the folder',
      (folder: WatchedFolder) => folder.tree.unreadable.set('sub', 'local.io'),
    ],
    ['the directory may not be read', (folder: WatchedFolder) => folder.tree.unreadable.set('', 'local.permission')],
    ['the root is not there', (folder: WatchedFolder) => (folder.tree.root = { kind: 'missing', detail: '' })],
    ['the marker is not there', (folder: WatchedFolder) => (folder.tree.marker = null)],
    ['the marker is another folder’s', (folder: WatchedFolder) => (folder.tree.marker = 'other')],
  ])('are not written while %s', async (_why, break_) => {
    const folder = await mirrored(['a', 'b', 'sub/c']);
    folder.tree.files.delete('b');
    break_(folder);
    await folder.fullScan();
    await folder.wait(2 * GRACE_MS);
    expect(goneAt(folder)).toBe(0);
    expect(deletesOf(folder)).toEqual([]);
  });

  it('are not executed in a directory that can’t be read by then', async () => {
    const folder = await mirrored(['a', 'sub/b', 'sub/c']);
    folder.tree.files.delete('sub/b');
    await folder.hint('sub');
    expect(goneAt(folder)).toBe(1);
    folder.tree.unreadable.set('sub', 'local.permission');
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toEqual([]);
    folder.tree.unreadable.clear();
    await folder.wait(GRACE_MS);
    expect(deletesOf(folder)).toEqual(['delete pending sub/b']);
  });

  it('a drive that was mounted inside the folder and is not any more is no delete', async () => {
    const folder = new WatchedFolder();
    folder.tree.mounts.set('usb', '9');
    for (const path of ['a', 'usb/b', 'usb/sub/c']) folder.write(path);
    await folder.start();
    folder.succeed();
    folder.tree.files.delete('usb/b');
    folder.tree.files.delete('usb/sub/c');
    // Its mount point is an empty directory of the root's volume, and then gone.
    folder.tree.mounts.set('usb', '7');
    await folder.fullScan();
    folder.tree.mounts.clear();
    await folder.fullScan();
    await folder.wait(2 * GRACE_MS);
    expect(folder.told()).toHaveLength(3);
    expect(goneAt(folder)).toBe(0);
  });

  it('the same root under another device number is known by its marker, and what is gone follows', async () => {
    const folder = await mirrored(['a', 'b']);
    folder.tree.files.delete('b');
    folder.tree.volume = '8';
    await folder.restart();
    await folder.wait(GRACE_MS + 2000);
    expect(deletesOf(folder)).toEqual(['delete pending b']);
  });

  it('what a rule leaves out from now on is not deleted: a file, a directory, one that waits for its grace', async () => {
    const folder = await mirrored(['a', 'b.bak', 'cache/deep/c', 'd.bak']);
    const kept = must(folder.tree.files.get('d.bak'));
    folder.tree.files.delete('d.bak');
    await folder.hint('');
    folder.tree.files.set('d.bak', kept);
    for (const path of ['b.bak', 'd.bak', 'cache']) folder.tree.ignored.add(path);
    await folder.fullScan();
    await folder.wait(2 * GRACE_MS);
    expect(folder.told()).toHaveLength(4);
    expect(folder.outbox.repos.folders.get('drop')?.files).toBe(1);
    expect(folder.base('cache/deep/c'), 'it replaces its own version when the rule goes').not.toBeNull();
  });

  it('deletes made in drop mode, or while stopped before the first look as a mirror, are not followed', async () => {
    const folder = await mirrored(['a', 'b', 'c', 'd'], { mode: 'drop' });
    expect(folder.tree.marker).toBeNull();
    folder.tree.files.delete('a');
    await folder.fullScan();
    folder.tree.files.delete('b');
    await folder.restart({ mode: 'mirror' });
    folder.tree.files.delete('c');
    await folder.fullScan();
    await folder.wait(2 * GRACE_MS);
    expect(folder.told().slice(4)).toEqual(['delete pending c']);
  });

  it('what waits to be deleted stays when the folder is no mirror any more', async () => {
    const folder = await mirrored(['a', 'b', 'c']);
    folder.tree.files.delete('a');
    await folder.fullScan();
    await folder.wait(GRACE_MS + 2000);
    folder.tree.files.delete('b');
    await folder.fullScan();
    await folder.restart({ mode: 'drop' });
    await folder.restart({ mode: 'mirror' });
    await folder.wait(2 * GRACE_MS);
    expect(folder.told().slice(3)).toEqual(['delete superseded a']);
  });

  it('without a marker that can be written nothing is deleted, and the folder says so', async () => {
    const tree = new WatchedFolder().tree;
    tree.markerFails = true;
    const folder = new WatchedFolder({}, tree);
    folder.write('a');
    await folder.start();
    folder.succeed();
    folder.tree.files.delete('a');
    await folder.fullScan();
    await folder.wait(2 * GRACE_MS);
    expect(folder.told()).toHaveLength(1);
    expect(folder.sync.state().degraded).toMatchObject({
      kind: 'no-marker',
      reason: expect.stringMatching(/marker file can't be written/) as string,
    });
  });

  it('growth is bounded: what nobody asks for any more is forgotten in the end', async () => {
    const folder = await mirrored(['a', 'b'], { mode: 'drop', keepGoneMs: 86_400_000 });
    folder.tree.files.delete('a');
    await folder.fullScan();
    expect(goneAt(folder)).toBe(1);
    folder.outbox.clock.jump(2 * 86_400_000);
    await folder.fullScan();
    expect(goneAt(folder)).toBe(0);
  });

  it('are not written for what lay on a drive that is away, not even for a file that could not be read at last', async () => {
    const folder = await mirrored(['a']);
    folder.tree.mounts.set('usb', '9');
    for (const name of ['usb/b', 'usb/c']) folder.write(name);
    await folder.fullScan();
    folder.succeed();
    folder.tree.problems.set('usb/b', 'local.permission');
    await folder.fullScan();
    // The drive goes: its mount point is an empty directory of the volume around it.
    folder.tree.problems.clear();
    for (const name of ['usb/b', 'usb/c']) folder.tree.files.delete(name);
    folder.tree.mounts.set('usb', '7');
    await folder.fullScan();
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toEqual([]);
  });
});

describe('the mass-delete guard', () => {
  const paths = Array.from({ length: 100 }, (_, index) => `f${String(index).padStart(3, '0')}`);
  const rules = { deletes: { graceMs: 60_000, askAboveFiles: 10, askAboveShare: 0.2 } };

  async function withGone(count: number): Promise<WatchedFolder> {
    const folder = await mirrored(paths, rules);
    // In two scans: what counts is what waits together.
    for (const path of paths.slice(0, count / 2)) folder.tree.files.delete(path);
    await folder.fullScan();
    for (const path of paths.slice(count / 2, count)) folder.tree.files.delete(path);
    await folder.fullScan();
    await folder.wait(GRACE_MS + 2000);
    return folder;
  }

  it('lets 20 of 100 go, and stops 22', async () => {
    const few = await withGone(20);
    expect(deletesOf(few)).toHaveLength(20);
    const many = await withGone(22);
    expect(deletesOf(many)).toEqual([]);
    expect(many.sync.state()).toMatchObject({ guard: { count: 22, of: 100 }, deletesAt: null });
  });

  it('is not lifted by files that are added', async () => {
    const folder = await withGone(22);
    for (let index = 0; index < 500; index += 1) folder.write(`new${index}`);
    await folder.fullScan();
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toEqual([]);
  });

  it('is lifted when all files are back, and not before', async () => {
    const folder = await withGone(22);
    for (const path of paths.slice(0, 21)) folder.write(path);
    await folder.fullScan();
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toEqual([]);
    expect(folder.sync.state().guard).toMatchObject({ count: 1 });
    folder.write(must(paths[21]));
    await folder.fullScan();
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toEqual([]);
    expect(folder.sync.state().guard).toBeNull();
  });

  it('of a renamed directory whose moves are still to come is not judged by the age of the first rename', async () => {
    const folder = await mirrored(
      paths.map((path) => `old/${path}`),
      rules,
    );
    folder.tree.renameDirectory('old', 'mid', folder.outbox.clock.now());
    await folder.fullScan();
    await folder.wait(1000);
    await folder.fullScan();
    await folder.wait(2 * GRACE_MS);
    // Renamed once more: a scan meets the old name's absence before the new name.
    for (const path of paths) folder.tree.files.delete(`mid/${path}`);
    await folder.fullScan();
    await folder.wait(1000);
    expect(folder.sync.state().guard).toBeNull();
    await folder.wait(2 * GRACE_MS);
    expect(folder.sync.state().guard).toMatchObject({ count: 100 });
    expect(deletesOf(folder)).toEqual([]);
  });

  it('counts deletes that were queued before and did not run yet together with what is due now', async () => {
    const folder = await withGone(16);
    expect(deletesOf(folder)).toHaveLength(16);
    for (const path of paths.slice(16, 24)) folder.tree.files.delete(path);
    await folder.fullScan();
    await folder.wait(GRACE_MS + 2000);
    expect(deletesOf(folder)).toHaveLength(16);
    expect(folder.sync.state().guard).toMatchObject({ count: 24, of: 100 });
  });

  it('does not ask again for what a person allowed and what has not run yet', async () => {
    const folder = await withGone(30);
    const { folders } = folder.outbox.repos;
    folders.setGuard('drop', { ...must(folders.get('drop')?.guard), allowedAt: folder.outbox.clock.now() });
    folder.sync.decided();
    await folder.wait(1000);
    expect(deletesOf(folder)).toHaveLength(30);
    folder.tree.files.delete(must(paths[30]));
    await folder.fullScan();
    await folder.wait(GRACE_MS + 2000);
    expect(deletesOf(folder)).toHaveLength(31);
    expect(folder.sync.state().guard).toBeNull();
  });

  it('survives a restart', async () => {
    const folder = await withGone(22);
    await folder.restart(rules);
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toEqual([]);
    expect(folder.sync.state().guard).not.toBeNull();
  });

  it('asks again for what is gone after the word was given', async () => {
    const folder = await withGone(30);
    const { folders } = folder.outbox.repos;
    folders.setGuard('drop', { ...must(folders.get('drop')?.guard), allowedAt: folder.outbox.clock.now() });
    folder.outbox.clock.advance(1);
    for (const path of paths.slice(30, 60)) folder.tree.files.delete(path);
    folder.sync.decided();
    await folder.wait(1000);
    expect(deletesOf(folder)).toHaveLength(30);
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toHaveLength(30);
    expect(folder.sync.state().guard).toMatchObject({ count: 30, of: 70 });
  });
});
