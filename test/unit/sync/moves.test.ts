import { describe, expect, it } from 'vitest';
import { FOREVER } from '../../../src/db/stored-operation.ts';
import { moveSpec, uploadSpec } from '../../../src/sync/specs.ts';
import { must } from '../../support/outbox.ts';
import { mirrored, type WatchedFolder } from '../../support/watched-folder.ts';

const GRACE_MS = 60_000;
const goneAt = (folder: WatchedFolder) =>
  folder.outbox.db.prepare<[], { path: string }>('SELECT name AS path FROM files WHERE gone_at IS NOT NULL').all()
    .length;

describe('P2: moves', () => {
  it('a new name of a file that is gone is a move, from the version that it left', async () => {
    const folder = await mirrored(['a', 'b']);
    folder.rename('a', 'c');
    await folder.hint('');
    await folder.wait(1000);
    expect(folder.told().slice(2)).toEqual(['move pending c']);
    const operation = must(folder.operations().at(-1));
    expect(moveSpec(operation)).toMatchObject({ key: 'drop/c', fromKey: 'drop/a', fromPath: 'a', deleteSource: true });
    expect(folder.outbox.repos.operations.unfinishedOn('main:drop/a').map(({ id }) => id)).toEqual([operation.id]);
    await folder.wait(2 * GRACE_MS);
    expect(folder.told(), 'the old name does not follow as a delete').toHaveLength(3);
  });

  it('the old name of a move is not deleted twice; in drop mode it stays', async () => {
    const folder = await mirrored(['a'], { mode: 'drop' });
    folder.rename('a', 'c');
    await folder.hint('');
    await folder.wait(1000);
    expect(moveSpec(must(folder.operations().at(-1))).deleteSource).toBe(false);
  });

  it('a copy is an upload: the old name is still there', async () => {
    const folder = await mirrored(['a']);
    folder.tree.files.set('b', { ...must(folder.tree.files.get('a')) });
    await folder.fullScan();
    expect(folder.told().slice(1)).toEqual(['upload pending b']);
  });

  it('a file whose last state was never sent is sent under its new name', async () => {
    const folder = await mirrored(['a', 'x']);
    folder.write('a', 50);
    await folder.hint('');
    folder.rename('a', 'b');
    await folder.hint('');
    await folder.wait(1000);
    expect(folder.told().slice(2)).toEqual(['upload superseded a', 'upload pending b']);
    await folder.wait(2 * GRACE_MS);
    expect(folder.told().slice(4), 'the old version under the old name').toEqual(['delete pending a']);
  });

  it('a chain of renames moves from where the object is', async () => {
    const folder = await mirrored(['a']);
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'd'],
    ] as const) {
      folder.rename(from, to);
      await folder.hint('');
      await folder.wait(1000);
    }
    expect(folder.told().slice(1)).toEqual(['move superseded b', 'move superseded c', 'move pending d']);
    expect(moveSpec(must(folder.operations().at(-1)))).toMatchObject({ fromKey: 'drop/a', fromPath: 'a' });
  });

  it('a move whose file is edited before it runs is an upload, and the old object follows', async () => {
    const folder = await mirrored(['a', 'x']);
    folder.rename('a', 'b');
    await folder.hint('');
    await folder.wait(1000);
    folder.write('b', 5);
    await folder.hint('');
    await folder.wait(2 * GRACE_MS);
    expect(folder.told().slice(2)).toEqual(['move superseded b', 'upload pending b', 'delete pending a']);
  });

  it('a rename takes the place of a delete that has not run', async () => {
    const folder = await mirrored(['a', 'x']);
    const moved = must(folder.tree.files.get('a'));
    folder.tree.files.delete('a');
    await folder.hint('');
    await folder.wait(GRACE_MS + 2000);
    expect(folder.told().at(-1)).toBe('delete pending a');
    folder.tree.files.set('b', { ...moved, ctimeMs: folder.outbox.clock.now() });
    await folder.hint('');
    await folder.wait(1000);
    expect(folder.told().slice(2)).toEqual(['delete superseded a', 'move pending b']);
    expect(moveSpec(must(folder.operations().at(-1))).deleteSource).toBe(true);
  });

  it.each([
    ['at once', 0],
    ['when it stands still already', 1000],
  ])('a file renamed back, met %s, is compared with what is there, not sent blindly', async (_, afterMs) => {
    const folder = await mirrored(['a']);
    folder.rename('a', 'b');
    await folder.hint('');
    await folder.wait(1000);
    folder.rename('b', 'a');
    await folder.wait(afterMs);
    await folder.hint('');
    await folder.wait(1000);
    expect(folder.told().slice(1).toSorted()).toEqual(['move superseded b', 'upload pending a']);
    expect(uploadSpec(must(folder.operations().at(-1))).hashFirst).toBe(true);
    expect(folder.base('a')).not.toBeNull();
  });

  it('a new file at the old name waits for the move', async () => {
    const folder = await mirrored(['a']);
    folder.rename('a', 'b');
    await folder.hint('');
    await folder.wait(1000);
    folder.write('a', 5);
    await folder.hint('');
    expect(folder.told().slice(1)).toEqual(['move pending b', 'upload pending a']);
    const ready = folder.outbox.repos.claims.ready('folder:drop', 'normal', FOREVER, 9);
    expect(ready.map(({ kind }) => kind)).toEqual(['file.move']);
  });

  it('two names in one another’s place are uploads, and no move', async () => {
    const folder = await mirrored(['a', 'b']);
    folder.rename('a', 't');
    folder.rename('b', 'a');
    folder.rename('t', 'b');
    await folder.fullScan();
    await folder.wait(1000);
    expect(folder.told().slice(2)).toEqual(['upload pending a', 'upload pending b']);
  });

  it('another spelling with the same key keeps the object and its version', async () => {
    const folder = await mirrored(['cafe\u0301']);
    const base = folder.base('cafe\u0301');
    folder.rename('cafe\u0301', 'caf\u00e9');
    await folder.hint('');
    await folder.wait(2 * GRACE_MS);
    expect(folder.told().slice(1)).toEqual(['upload pending caf\u00e9']);
    expect(folder.base('caf\u00e9')).toEqual(base);
    expect(goneAt(folder)).toBe(0);
  });

  it('a directory of 5,000 files that is renamed is as many moves, in bounded steps, and asks nobody', async () => {
    const paths = Array.from({ length: 5000 }, (_, index) => `old/${index % 10}/${index}`);
    const folder = await mirrored(paths);
    folder.tree.renameDirectory('old', 'new', folder.outbox.clock.now());
    await folder.hint('');
    await folder.wait(1000);
    await folder.fullScan();
    await folder.wait(2 * GRACE_MS);
    const counted = folder.outbox.repos.queue.page({
      states: ['pending'],
      kind: 'file.move',
      order: 'oldest',
      limit: 10_000,
    });
    expect(counted.items).toHaveLength(5000);
    expect(folder.sync.state().guard).toBeNull();
    expect(folder.operations()).toHaveLength(10_000);
  }, 30_000);
});
