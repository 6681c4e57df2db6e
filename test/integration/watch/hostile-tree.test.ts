import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DirectoryListing } from '../../../src/watch/directory-listing.ts';
import { DiskFiles } from '../../../src/watch/local-files.ts';
import { scanTree } from '../../../src/watch/scan-tree.ts';
import { ThreadScanner } from '../../../src/watch/thread-scanner.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { scanAll, scanRequest } from '../../support/scan-all.ts';
import { systemClock } from '../../support/system-clock.ts';
import { TempTree } from '../../support/temp-tree.ts';

const workerUrl = new URL('../../../src/watch/scan-worker.ts', import.meta.url);
const posix = process.platform !== 'win32';
/** File systems that refuse names that are not UTF-8 (APFS, NTFS) can't have the problem. */
const byteNames = process.platform === 'linux';

/** Walks step by step, with `meanwhile` after the directory `after` was reported. */
function walk(root: string, after: string, meanwhile: () => void) {
  const seen: DirectoryListing[] = [];
  const steps = scanTree(scanRequest(root), () => undefined);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return { seen, summary: step.value };
    seen.push(step.value);
    if (step.value.dir === after) meanwhile();
  }
}

describe('what people and programs leave in folders', () => {
  const scanner = new ThreadScanner({ workerUrl, clock: systemClock });
  const files = new DiskFiles();
  let tree: TempTree;
  beforeEach(() => {
    tree = new TempTree();
  });
  afterEach(() => tree.close());
  afterAll(() => scanner.close());
  const full = (more = {}) => scanAll(scanner, scanRequest(tree.root, more));

  it.runIf(byteNames)('P2: a name that is not UTF-8 is a problem of that item alone', async () => {
    tree.write('good \uFFFD.txt', 'x');
    tree.writeRaw('', Uint8Array.from([0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82, 0xac]));
    const { paths, dir } = await full();
    expect(paths).toEqual(['good \uFFFD.txt']);
    expect(dir('')).toMatchObject({
      complete: true,
      problems: [{ name: String.raw`a\xff\xc3(€`, code: 'local.name-not-utf8' }],
    });
  });

  it.runIf(posix)('takes every legal name exactly as it is on disk', async () => {
    const names = ['new\nline', 'a+b%20c', ' lead and trail ', '\\', 'quote\'"', 'e\u0301.txt', '日本語', '-rf', '𝒳'];
    names.push('é'.repeat(127), 'n'.repeat(255));
    for (const name of names) tree.write(`${name}d/${name}`.length > 300 ? name : `d/${name}`, 'x');
    const { paths, directories } = await full();
    expect(directories.flatMap(({ problems }) => problems)).toEqual([]);
    expect(paths.map((path) => path.slice(path.lastIndexOf('/') + 1)).sort()).toEqual(names.sort());
    for (const path of paths) expect((await files.stat(tree.at(path)))?.kind).toBe('file');
  });

  it.runIf(posix)('never follows links, cyclic ones least of all, and counts them as ignored', async () => {
    tree.write('d/f', 'x');
    tree.symlink('.', 'd/loop');
    tree.symlink('../..', 'd/up');
    tree.symlink('nowhere', 'dangling');
    tree.symlink('d/f', 'to-file');
    const { paths, dir, directories } = await full();
    expect(paths).toEqual(['d/f']);
    expect(directories).toHaveLength(2);
    expect([...dir('')!.ignoredNames].sort()).toEqual(['dangling', 'to-file']);
    expect(dir('d')!.ignored).toBe(2);
    expect((await full({ under: [{ dir: 'd/loop', below: true }] })).directories).toEqual([]);
    await expect(files.open(tree.at('to-file'))).rejects.toMatchObject({ code: 'local.vanished' });
  });

  it.runIf(posix)('shows sockets and pipes as problems, and opens neither', { timeout: 5000 }, async () => {
    execFileSync('mkfifo', [tree.at('pipe')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(tree.at('socket'), resolve));
    try {
      const { paths, dir } = await full();
      expect(paths).toEqual([]);
      expect(
        dir('')!
          .problems.map(({ name, code }) => `${name} ${code}`)
          .sort(),
      ).toEqual(['pipe local.not-a-file', 'socket local.not-a-file']);
      for (const name of ['pipe', 'socket']) {
        await expect(files.open(tree.at(name))).rejects.toMatchObject({ code: 'local.not-a-file' });
      }
    } finally {
      server.close();
    }
  });

  it('walks a tree 900 levels deep', async () => {
    const depth = 900;
    const deep = Array.from({ length: depth }, () => 'd').join('/');
    tree.write(`${deep}/f`, 'x');
    const { paths, directories } = await full();
    expect(paths).toEqual([`${deep}/f`]);
    expect(directories).toHaveLength(depth + 1);
  });

  it.runIf(byteNames)('shows what lies deeper than the system opens, and takes the rest', async () => {
    // 40 × 101 bytes are more than PATH_MAX, so it is built from below, step by step.
    const name = 'd'.repeat(100);
    tree.mkdir(name);
    for (let level = 1; level < 41; level += 1) {
      mkdirSync(tree.at('next'));
      renameSync(tree.at(name), tree.at(`next/${name}`));
      renameSync(tree.at('next'), tree.at(name));
    }
    tree.write('f', 'x');
    const { paths, directories, summary } = await full();
    expect(paths).toEqual(['f']);
    expect(summary.root.kind).toBe('healthy');
    const problems = directories.flatMap((each) => each.problems);
    expect(problems).toMatchObject([{ name, code: 's3.key-too-long' }]);
    execFileSync('rm', ['-rf', tree.at(name)]);
  });

  it.runIf(posix)('P2: says which directories may not be read, and concludes nothing about them', async () => {
    chmodSync(tree.base, 0o755);
    chmodSync(tree.root, 0o755);
    tree.write('open/f', 'x');
    tree.write('closed/f', 'x');
    tree.write('listed-only/f', 'x');
    chmodSync(tree.at('closed'), 0o000);
    chmodSync(tree.at('listed-only'), 0o444);
    await full(); // The thread loads its code while it still may.
    try {
      const { paths, dir, summary } = await asNobody(() => full());
      expect(summary.root.kind).toBe('healthy');
      expect(paths).toEqual(['open/f']);
      expect(dir('closed')).toMatchObject({
        complete: false,
        gone: false,
        problems: [{ name: '.', code: 'local.permission' }],
      });
      expect(dir('listed-only')!.problems).toMatchObject([{ code: 'local.permission' }]);
    } finally {
      chmodSync(tree.at('closed'), 0o755);
      chmodSync(tree.at('listed-only'), 0o755);
    }
  });

  it.runIf(posix)('knows a root that may not be read, and files that may not be opened', async () => {
    chmodSync(tree.base, 0o755);
    tree.write('f', 'x');
    chmodSync(tree.at('f'), 0o000);
    chmodSync(tree.root, 0o000);
    await full({ root: tree.base });
    try {
      const { summary, directories } = await asNobody(() => full());
      expect(summary.root.kind).toBe('no-permission');
      expect(directories).toEqual([]);
    } finally {
      chmodSync(tree.root, 0o755);
    }
    const opened = asNobody(() => files.open(tree.at('f')));
    await expect(opened).rejects.toMatchObject({ code: 'local.permission' });
  });

  it.runIf(posix)('takes nothing from a directory whose rules it may not read', async () => {
    chmodSync(tree.base, 0o755);
    chmodSync(tree.root, 0o755);
    tree.write('d/secret', 'x');
    tree.write('d/.longshoreignore', 'secret');
    chmodSync(tree.at('d/.longshoreignore'), 0o000);
    tree.write('pipe/secret', 'x');
    execFileSync('mkfifo', [tree.at('pipe/.longshoreignore')]);
    await full();
    const { paths, dir } = await asNobody(() => full());
    expect(paths).toEqual([]);
    expect(dir('d')).toMatchObject({
      complete: false,
      problems: [{ name: '.longshoreignore', code: 'local.permission' }],
    });
    expect(dir('pipe')).toMatchObject({ complete: false, problems: [{ code: 'local.not-a-file' }] });
  });

  it('knows a root that is a file, and follows one that is a link', async () => {
    writeFileSync(`${tree.base}/file`, 'x');
    expect((await full({ root: `${tree.base}/file` })).summary.root.kind).toBe('not-a-directory');
    expect((await full({ root: `${tree.base}/file/below` })).summary.root.kind).toBe('missing');
    tree.write('f', 'x');
    tree.symlink(tree.root, '../link');
    const linked = await full({ root: `${tree.base}/link` });
    expect(linked.paths).toEqual(['f']);
  });

  describe('in the middle of a scan', () => {
    it('a directory that vanishes is gone, and the rest is as it was', () => {
      for (const name of ['a', 'b', 'c']) tree.write(`${name}/f`, 'x');
      const [first] = readdirSync(tree.root);
      const { seen, summary } = walk(tree.root, first!, () =>
        ['a', 'b', 'c'].filter((n) => n !== first).forEach((n) => tree.remove(n)),
      );
      expect(summary.root.kind).toBe('healthy');
      expect(seen.filter(({ gone }) => gone)).toHaveLength(2);
    });

    it('P4: a root that vanishes makes nothing seem gone', () => {
      tree.write('a/f', 'x');
      tree.write('b/f', 'x');
      const { seen, summary } = walk(tree.root, '', () => rmSync(tree.root, { recursive: true }));
      expect(summary.root.kind).toBe('missing');
      expect(seen.map(({ dir }) => dir)).toEqual(['']);
    });

    it('P4: a root that is replaced by an empty one makes nothing seem gone', () => {
      tree.write('a/f', 'x');
      const { seen, summary } = walk(tree.root, '', () => {
        renameSync(tree.root, `${tree.base}/elsewhere`);
        mkdirSync(tree.root);
        expect(statSync(tree.root).isDirectory()).toBe(true);
      });
      expect(summary.root.kind).toBe('missing');
      expect(seen.map(({ dir }) => dir)).toEqual(['']);
    });
  });
});
