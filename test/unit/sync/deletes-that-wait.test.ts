import { describe, expect, it } from 'vitest';
import type { StoredOperation } from '../../../src/db/stored-operation.ts';
import { bringTo, must, queueUpload } from '../../support/outbox.ts';
import { mirrored, type WatchedFolder } from '../../support/watched-folder.ts';

const GRACE_MS = 60_000;
/** Full scans come once a minute here; a look every five seconds would be twelve times as many. */
const HOUR_MS = 3_600_000;
const LOOKS_AN_HOUR = 75;

const deletesOf = (folder: WatchedFolder) => folder.told().filter((told) => told.startsWith('delete'));

/** Something else that was to be done with the object of `path` has failed: a version that was to be brought back, say. */
function failedWorkOn(folder: WatchedFolder, path: string): StoredOperation {
  return bringTo(folder.outbox, queueUpload(folder.outbox, path), 'failed');
}

async function remove(folder: WatchedFolder, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) folder.tree.files.delete(path);
  await folder.fullScan();
}

describe('P2: a delete that is due', () => {
  it('follows at once, also when the timer fires a millisecond before', async () => {
    const folder = await mirrored(['a', 'b'], { deletes: { graceMs: 10_000, askAboveFiles: 50, askAboveShare: 0.2 } });
    await remove(folder, 'b');
    folder.outbox.clock.jump(-1);
    await folder.wait(9_900);
    // Each look has its millisecond.
    for (let left = 300; left > 0; left -= 1) await folder.wait(1);
    expect(deletesOf(folder)).toEqual(['delete pending b']);
  });
});

describe('P4: deletes that are queued', () => {
  it('wait until those that have come due since are counted with them', async () => {
    const paths = Array.from({ length: 10 }, (_, index) => `f${index}`);
    const rules = { deletes: { graceMs: GRACE_MS, askAboveFiles: 3, askAboveShare: 0.2 } };
    const folder = await mirrored(paths, rules);
    await remove(folder, 'f0', 'f1', 'f2');
    await folder.wait(GRACE_MS + 1000);
    expect(deletesOf(folder)).toHaveLength(3);
    expect(folder.sync.hasJudgedDeletes).toBe(true);
    // Two more, whose grace ends while no engine runs.
    await remove(folder, 'f3', 'f4');
    expect(folder.sync.hasJudgedDeletes, 'not due yet').toBe(true);
    folder.outbox.clock.jump(2 * GRACE_MS);
    expect(folder.sync.hasJudgedDeletes).toBe(false);
    const restarted = folder.restart(rules);
    expect(folder.sync.hasJudgedDeletes).toBe(false);
    await restarted;
    await folder.wait(10_000);
    expect(folder.sync.state().guard).toMatchObject({ count: 5, of: 10, allowedAt: null });
  });

  it('go on after a clock that was set back', async () => {
    const folder = await mirrored(['a', 'b', 'c', 'd', 'e']);
    await remove(folder, 'a');
    await folder.wait(GRACE_MS + 1000);
    folder.outbox.clock.jump(-3_600_000);
    await remove(folder, 'b');
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toEqual(['delete pending a', 'delete pending b']);
    expect(folder.sync.hasJudgedDeletes).toBe(true);
  });
});

describe('P4: two forms of one name', () => {
  it('the object has the grace of the one that had it, not of the one that never got there', async () => {
    const folder = await mirrored(['r\u00e9sum\u00e9', 'x', 'y', 'z']);
    folder.write('re\u0301sume\u0301');
    await folder.fullScan();
    expect(folder.told()).toContain('upload failed re\u0301sume\u0301');
    // A later state of the one with the key: its upload has begun, and may have left something.
    folder.write('r\u00e9sum\u00e9', 300);
    await folder.fullScan();
    const [sending] = folder.outbox.repos.operations.unfinishedOn('main:drop/r\u00e9sum\u00e9');
    bringTo(folder.outbox, must(sending ?? null), 'waiting');
    await remove(folder, 're\u0301sume\u0301');
    await folder.wait(GRACE_MS / 2);
    await remove(folder, 'r\u00e9sum\u00e9');
    await folder.wait(GRACE_MS * 0.75);
    expect(deletesOf(folder)).toEqual([]);
    await folder.wait(GRACE_MS / 2);
    expect(deletesOf(folder)[0]).toMatch(/^delete pending/);
  });
});

describe('P2: two forms of one name in a mass delete', () => {
  it('of which one goes after it was allowed do not hold up the others, nor what is deleted later', async () => {
    const others = Array.from({ length: 8 }, (_, index) => `f${index}`);
    const folder = await mirrored(['r\u00e9sum\u00e9', 'later', ...others], {
      deletes: { graceMs: GRACE_MS, askAboveFiles: 3, askAboveShare: 0.2 },
    });
    folder.write('re\u0301sume\u0301');
    await folder.fullScan();
    await remove(folder, 're\u0301sume\u0301', ...others);
    await folder.wait(2 * GRACE_MS);
    const { folders } = folder.outbox.repos;
    folders.setGuard('drop', { ...must(folders.get('drop')?.guard), allowedAt: folder.outbox.clock.now() });
    // Before the look that follows from the word.
    folder.outbox.clock.jump(5);
    await remove(folder, 'r\u00e9sum\u00e9');
    folder.sync.decided();
    await folder.wait(3 * GRACE_MS);
    expect(folder.sync.state().guard).toBeNull();
    expect(deletesOf(folder)).toEqual(expect.arrayContaining(['delete pending f0', 'delete pending r\u00e9sum\u00e9']));
    await remove(folder, 'later');
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toContain('delete pending later');
  });
});

describe('P2: a delete that waits for something else', () => {
  it('is due no more until that ends: nothing is looked at all the time, and then it follows', async () => {
    const folder = await mirrored(['a', 'b']);
    await remove(folder, 'b');
    const failed = failedWorkOn(folder, 'b');
    await folder.wait(2 * GRACE_MS);
    expect(folder.sync.state().deletesAt).toBeNull();
    const scans = folder.tree.scans.length;
    await folder.wait(HOUR_MS);
    expect(folder.tree.scans.length - scans).toBeLessThan(LOOKS_AN_HOUR);
    expect(deletesOf(folder)).toEqual([]);
    folder.sync.reconsiderDeletes();
    expect(folder.sync.state().deletesAt, 'it has not ended').toBeNull();
    folder.outbox.repos.operations.transition(failed, 'cancel');
    folder.sync.reconsiderDeletes();
    expect(folder.sync.state().deletesAt).not.toBeNull();
    await folder.wait(10_000);
    expect(deletesOf(folder)).toEqual(['delete pending b']);
  });

  it('lets those pass that wait for nothing, before it and after it', async () => {
    const folder = await mirrored(['a', 'b', 'c', 'd', 'x', 'y']);
    await remove(folder, 'a', 'b');
    failedWorkOn(folder, 'b');
    await folder.wait(2 * GRACE_MS);
    await remove(folder, 'c');
    expect(folder.sync.state().deletesAt).not.toBeNull();
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toEqual(['delete pending a', 'delete pending c']);
    expect(folder.sync.state().deletesAt).toBeNull();
  });

  it('is found out again by an engine that starts', async () => {
    const folder = await mirrored(['a', 'b']);
    await remove(folder, 'b');
    failedWorkOn(folder, 'b');
    await folder.wait(2 * GRACE_MS);
    await folder.restart();
    await folder.wait(10_000);
    expect(folder.sync.state().deletesAt).toBeNull();
    expect(deletesOf(folder)).toEqual([]);
  });

  it('of a mass delete that was allowed does not hold up what is deleted later, which is judged for itself', async () => {
    const rules = { deletes: { graceMs: GRACE_MS, askAboveFiles: 3, askAboveShare: 0.2 } };
    const paths = Array.from({ length: 20 }, (_, index) => `f${index}`);
    const folder = await mirrored(paths, rules);
    const { folders } = folder.outbox.repos;
    await remove(folder, ...paths.slice(0, 6));
    failedWorkOn(folder, 'f0');
    await folder.wait(2 * GRACE_MS);
    folders.setGuard('drop', { ...must(folders.get('drop')?.guard), allowedAt: folder.outbox.clock.now() });
    folder.outbox.clock.advance(1);
    folder.sync.decided();
    await folder.wait(10_000);
    expect(deletesOf(folder)).toHaveLength(5);
    await remove(folder, 'f6', 'f7');
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder)).toHaveLength(7);
    folder.succeed();
    await remove(folder, ...paths.slice(8, 14));
    await folder.wait(2 * GRACE_MS);
    expect(deletesOf(folder), 'a person is asked about the next six').toHaveLength(7);
    expect(folder.sync.state().guard, 'with the one that waits').toMatchObject({ count: 7, allowedAt: null });
  });
});

describe('P2: a tombstone that a decision writes', () => {
  it('is due as any other, at once known: the old name of a move that does not take place', async () => {
    const folder = await mirrored(['a', 'x']);
    folder.rename('a', 'b');
    await folder.hint('');
    await folder.wait(1000);
    expect(folder.told().at(-1)).toBe('move pending b');
    await folder.wait(2 * GRACE_MS);
    expect(folder.sync.state().deletesAt).toBeNull();
    // What `applyDecision` does when theirs stays at the new name.
    const { tombstones, operations } = folder.outbox.repos;
    const { goneAt } = must(tombstones.get('drop', '', 'a'));
    operations.transition(must(folder.operations().at(-1)), 'supersede');
    tombstones.bury('drop', '', 'a', { goneAt, identity: null, deleteRemote: true });
    expect(folder.sync.state().deletesAt).not.toBeNull();
    folder.sync.reconsiderDeletes();
    await folder.wait(1000);
    expect(deletesOf(folder)).toEqual(['delete pending a']);
  });
});
