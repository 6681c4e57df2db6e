import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ThreadScanner } from '../../../src/watch/thread-scanner.ts';
import { ThreadWatcher } from '../../../src/watch/thread-watcher.ts';
import { Heard } from '../../support/heard.ts';
import { scanAll, scanRequest } from '../../support/scan-all.ts';
import { systemClock } from '../../support/system-clock.ts';
import { TempTree } from '../../support/temp-tree.ts';
import { until } from '../../support/until.ts';

const real = new URL('../../../src/watch/watch-worker.ts', import.meta.url);
const stalling = new URL('../../support/stalling-watch-worker.ts', import.meta.url);

const kinds =
  process.platform === 'linux'
    ? [['chokidar', 20_000] as const, ['lean', -1] as const]
    : [['chokidar', 20_000] as const];

describe.each(kinds)('ThreadWatcher, %s', (_kind, leanAbove) => {
  let tree: TempTree;
  let watcher: ThreadWatcher;
  let heard: Heard;
  beforeEach(() => {
    tree = new TempTree();
    heard = new Heard();
  });
  afterEach(async () => {
    await watcher.close();
    tree.close();
  });

  async function start({ workerUrl = real, ignore = [] as readonly string[], root = tree.root } = {}) {
    watcher = new ThreadWatcher({ workerUrl, clock: systemClock, leanAbove });
    const stop = watcher.watch(root, ignore, heard);
    await until('the watch to start', () => heard.overflows.includes('started'));
    return stop;
  }

  /** Does something, and waits until exactly this directory was hinted afterwards. */
  async function hints(dir: string, action: () => void) {
    heard.dirty = [];
    action();
    await until(`a hint for "${dir}", got ${JSON.stringify(heard.dirty)}`, () => heard.dirty.includes(dir));
  }

  it('says which directory changed, for every kind of change', async () => {
    tree.write('d/e/f', 'x');
    await start();
    await hints('', () => tree.write('new', 'x'));
    await hints('d/e', () => tree.write('d/e/f', 'changed'));
    await hints('d/e', () => tree.rename('d/e/f', 'd/e/g'));
    await hints('d/e', () => tree.remove('d/e/g'));
    await hints('d', () => tree.mkdir('d/h'));
    await hints('d/h', () => tree.write('d/h/f', 'x'));
    await hints('d', () => tree.rename('d/h', 'moved'));
    await hints('moved', () => tree.write('moved/f', 'again'));
    await hints('', () => tree.remove('moved'));
    expect(heard.degraded).toEqual([]);
  });

  it('hints what appears in new directories, however fast', async () => {
    await start();
    const made = Array.from({ length: 40 }, (_, index) => `n${index % 4}/m${index}/o`);
    for (const dir of made) tree.write(`${dir}/f`, 'x');
    await until('hints for all', () => made.every((dir) => heard.dirty.includes(dir)));
  });

  it.runIf(process.platform === 'linux')('hints names that are not UTF-8', async () => {
    tree.mkdir('d');
    await start();
    await hints('d', () => tree.writeRaw('d', Uint8Array.from([0x61, 0xff])));
  });

  it('keeps up with directories that are moved, replaced and made again under the same name', async () => {
    tree.write('a/b/f', 'x');
    await start();
    await hints('', () => tree.rename('a', 'z'));
    await hints('z/b', () => tree.write('z/b/f', 'moved'));
    for (let round = 0; round < 5; round += 1) {
      tree.remove('z');
      tree.write('z/b/f', `again ${round}`);
      await hints('z/b', () => undefined);
      await hints('z/b', () => tree.write('z/b/g', `and ${round}`));
    }
    tree.mkdir('y/b');
    await hints('y/b', () => undefined);
    tree.rename('z', 'x');
    tree.rename('y', 'z');
    await until('the swap to be seen', () => heard.dirty.includes('z/b') && heard.dirty.includes('x/b'));
    await hints('z/b', () => tree.write('z/b/h', 'x'));
    await hints('x/b', () => tree.write('x/b/h', 'x'));
  });

  it('joins a storm in one directory into few hints', async () => {
    tree.mkdir('d');
    tree.mkdir('end');
    await start();
    for (let round = 0; round < 500; round += 1) {
      tree.write('d/f', String(round));
      tree.rename('d/f', 'd/g');
    }
    await hints('end', () => tree.write('end/f', 'x'));
    const storm = heard.dirty.filter((dir) => dir === 'd').length;
    expect(storm).toBeLessThan(100);
    expect(heard.calm()).toEqual(['started']);
  });

  it('P2: a scan on "started" and the hints after it find every file of a writer who never pauses', async () => {
    for (let dir = 0; dir < 50; dir += 1) tree.mkdir(`old/${dir}`);
    watcher = new ThreadWatcher({ workerUrl: real, clock: systemClock, leanAbove });
    const scanner = new ThreadScanner({
      workerUrl: new URL('../../../src/watch/scan-worker.ts', import.meta.url),
      clock: systemClock,
    });
    const found = new Set<string>();
    const look = async (dir: string, below: boolean) => {
      for (const path of (await scanAll(scanner, scanRequest(tree.root, { under: [{ dir, below }] }))).paths)
        found.add(path);
    };
    let scans: Promise<void> = Promise.resolve();
    watcher.watch(tree.root, [], {
      onDirty: (dir) => {
        scans = scans.then(() => look(dir, false));
      },
      onOverflow: () => {
        scans = scans.then(() => look('', true));
      },
      onDegraded: () => undefined,
    });
    const written: string[] = [];
    for (let index = 0; index < 400; index += 1) {
      const path = index % 3 === 0 ? `new${index % 7}/${index}/f` : `old/${index % 50}/f${index}`;
      tree.write(path, 'x');
      written.push(path);
      await new Promise(setImmediate);
    }
    try {
      await until('every file to be found', () => written.every((path) => found.has(path)), 20_000);
    } finally {
      await watcher.close();
      await scans;
      await scanner.close();
    }
  });

  it('does not watch what rules leave out, and begins anew when the rules change', async () => {
    tree.write('.longshoreignore', 'private/\n');
    for (const dir of ['private', 'cache', 'lost+found', 'open']) tree.mkdir(dir);
    await start({ ignore: ['cache/', '*.bak'] });
    for (const path of ['private/f', 'cache/f', 'lost+found/f', 'open/f.bak', 'open/f.tmp']) tree.write(path, 'x');
    await hints('open', () => tree.write('open/f', 'x'));
    expect(new Set(heard.dirty)).toEqual(new Set(['open']));
    tree.write('.longshoreignore', '');
    await until('word of the rules', () => heard.overflows.includes('rules-changed'));
    await until('the new watch', () => heard.starts() === 2);
    await hints('private', () => tree.write('private/f', 'y'));
  });

  it('follows a root that goes, comes back, or is replaced', { timeout: 30_000 }, async () => {
    await start();
    renameSync(tree.root, `${tree.root}-away`);
    await until('word that it is gone', () => heard.overflows.includes('root-missing'));
    renameSync(`${tree.root}-away`, tree.root);
    await until('the watch to go on', () => heard.starts() === 2);
    await hints('', () => tree.write('f', 'x'));
    mkdirSync(`${tree.base}/other`);
    renameSync(tree.root, `${tree.root}-away`);
    renameSync(`${tree.base}/other`, tree.root);
    await until('the watch of the other', () => heard.starts() === 3);
    await hints('', () => tree.write('g', 'x'));
  });

  it('waits for a root that is not there yet', async () => {
    rmSync(tree.root, { recursive: true });
    watcher = new ThreadWatcher({ workerUrl: real, clock: systemClock, leanAbove });
    watcher.watch(tree.root, [], heard);
    await until('word that it is missing', () => heard.overflows.includes('root-missing'));
    tree.mkdir('');
    await until('the watch to start', () => heard.overflows.includes('started'));
    await hints('', () => tree.write('f', 'x'));
  });

  it.runIf(process.platform !== 'win32')('watches the directory behind a root that is a link', async () => {
    tree.symlink(tree.root, '../link');
    tree.mkdir('d');
    await start({ root: `${tree.base}/link` });
    await hints('d', () => tree.write('d/f', 'x'));
  });

  it('P2: a stalled thread asks for a scan of everything', async () => {
    await start({ workerUrl: stalling });
    writeFileSync(`${tree.root}.stall`, '');
    await until('the overflow', () => heard.overflows.includes('stalled'));
    await hints('', () => tree.write('f', 'x'));
  });

  it('starts a thread that died again, and says so meanwhile', async () => {
    await start({ workerUrl: stalling });
    writeFileSync(`${tree.root}.die`, '');
    await until('word of the death', () => heard.degraded.length > 0);
    expect(heard.degraded[0]).toContain('told to die');
    await until('word that all is well', () => heard.degraded.includes(null));
    expect(heard.calm()).toEqual(['started', 'thread-ended', 'started']);
    await hints('', () => tree.write('f', 'x'));
  });

  it('says nothing after it was stopped', async () => {
    const stop = await start();
    await stop();
    heard.dirty = [];
    tree.write('f', 'x');
    const second = new Heard();
    watcher.watch(tree.root, [], second);
    await until('another watch to start', () => second.overflows.includes('started'));
    tree.write('g', 'x');
    await until('its hint', () => second.dirty.includes(''));
    expect(heard.dirty).toEqual([]);
  });
});
