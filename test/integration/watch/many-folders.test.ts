/** More folders than threads to watch them: each thread takes 14 MB. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ThreadWatcher } from '../../../src/watch/thread-watcher.ts';
import { Heard } from '../../support/heard.ts';
import { systemClock } from '../../support/system-clock.ts';
import { TempTree } from '../../support/temp-tree.ts';
import { until } from '../../support/until.ts';

const workerUrl = new URL('../../support/counted-watch-worker.ts', import.meta.url);
const FOLDERS = 12;

interface Folder {
  readonly name: string;
  readonly heard: Heard;
  readonly stop: () => Promise<void>;
}

describe('twelve folders of one file system', () => {
  let tree: TempTree;
  let watcher: ThreadWatcher;
  let folders: Folder[];
  beforeEach(async () => {
    tree = new TempTree();
    watcher = new ThreadWatcher({ workerUrl, clock: systemClock });
    folders = Array.from({ length: FOLDERS }, (_, index) => {
      const name = `folder${index}`;
      tree.mkdir(name);
      const heard = new Heard();
      return { name, heard, stop: watcher.watch(`${tree.root}/${name}`, [], heard) };
    });
    await until('all watches', () => folders.every(({ heard }) => heard.starts() > 0));
  });
  afterEach(async () => {
    await watcher.close();
    tree.close();
  });

  const threadOf = ({ name }: Folder) => readFileSync(`${tree.root}/${name}.thread`, 'utf8');

  async function hinted(these: readonly Folder[]): Promise<void> {
    for (const { name, heard } of these) {
      heard.dirty = [];
      tree.write(`${name}/f`, String(Math.random()));
    }
    await until('a hint for each', () => these.every(({ heard }) => heard.dirty.includes('')));
  }

  it('P10: share four threads, and each is heard', async () => {
    expect(new Set(folders.map(threadOf)).size).toBe(4);
    await hinted(folders);
  });

  it('P10: the end of one leaves the others of its thread alone', async () => {
    const [first] = folders;
    const others = folders.slice(1);
    await first!.stop();
    first!.heard.dirty = [];
    tree.write(`${first!.name}/f`, 'x');
    await hinted(others);
    expect(first!.heard.dirty).toEqual([]);
    // Its place is free for another.
    const again = new Heard();
    watcher.watch(`${tree.root}/${first!.name}`, [], again);
    await until('the new watch', () => again.starts() > 0);
    expect(others.map(threadOf)).toContain(threadOf(first!));
  });

  it('P2: a thread that dies is told to all of its folders, and watches them anew', async () => {
    const [first] = folders;
    const its = folders.filter((folder) => threadOf(folder) === threadOf(first!));
    const others = folders.filter((folder) => !its.includes(folder));
    expect(its.length).toBe(3);
    writeFileSync(`${tree.root}/${first!.name}.die`, '');
    await until('word that all is well', () => its.every(({ heard }) => heard.degraded.includes(null)));
    for (const { heard } of its) {
      expect(heard.degraded[0]).toContain('told to die');
      expect(heard.calm()).toEqual(['started', 'thread-ended', 'started']);
    }
    expect(others.flatMap(({ heard }) => heard.degraded)).toEqual([]);
    await hinted(folders);
  });
});
