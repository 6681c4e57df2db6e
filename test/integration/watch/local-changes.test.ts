import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Fingerprint } from '../../../src/core/fingerprint.ts';
import { DiskChanges } from '../../../src/watch/local-changes.ts';
import { DiskFiles } from '../../../src/watch/local-files.ts';
import { isSafeRelative } from '../../../src/watch/safe-relative.ts';
import { ThreadScanner } from '../../../src/watch/thread-scanner.ts';
import { describeLocalChangesConformance } from '../../support/local-changes-conformance.ts';
import { systemClock } from '../../support/system-clock.ts';
import { TempTree } from '../../support/temp-tree.ts';

const workerUrl = new URL('../../../src/watch/scan-worker.ts', import.meta.url);

describeLocalChangesConformance('DiskChanges', () => {
  const tree = new TempTree();
  const scanner = new ThreadScanner({ workerUrl, clock: systemClock });
  const trash = join(tree.base, 'trash');
  return {
    root: tree.root,
    archive: join(tree.base, 'archive'),
    scanner,
    files: new DiskFiles(),
    changes: new DiskChanges({
      roots: () => [tree.root],
      // The system's own trash is looked at below, once.
      moveToTrash: async (file) => {
        mkdirSync(trash, { recursive: true });
        execFileSync('mv', ['--', file, trash]);
      },
    }),
    write: (path, content) => tree.write(path, content),
    mkdir: (path) => tree.mkdir(path),
    remove: (path) => tree.remove(path),
    rename: (from, to) => tree.rename(from, to),
    removeRoot: () => tree.remove(''),
    close: async () => {
      await scanner.close();
      tree.close();
    },
  };
});

/** Nobody stops. */
const { signal } = new AbortController();

describe('DiskChanges', () => {
  let tree: TempTree;
  let changes: DiskChanges;
  const files = new DiskFiles();
  beforeEach(() => {
    tree = new TempTree();
    changes = new DiskChanges({ roots: () => [tree.root] });
  });
  afterEach(() => tree.close());
  const state = async (path: string): Promise<Fingerprint> => (await files.stat(tree.at(path)))!.fingerprint;
  const partial = async (path: string, token: string, content: string) => {
    const file = await changes.openPartial(tree.at(path), token);
    await file.write(Buffer.from(content), 0);
    await file.close();
  };

  describe('P13: nothing outside of the folders is touched', () => {
    it.each([
      ['a link to a directory outside', 'link/a.txt'],
      ['below such a link', 'link/deep/a.txt'],
    ])('%s', async (_title, path) => {
      mkdirSync(join(tree.base, 'outside'));
      tree.symlink(join(tree.base, 'outside'), 'link');
      await expect(changes.openPartial(tree.at(path), 'op')).rejects.toMatchObject({ code: 'local.unsafe-path' });
      expect(readdirSync(join(tree.base, 'outside'))).toEqual([]);
    });

    it('neither a file behind such a link is trashed or archived', async () => {
      mkdirSync(join(tree.base, 'outside'));
      tree.symlink(join(tree.base, 'outside'), 'link');
      tree.write('../outside/a.txt', 'x');
      const expected = await state('../outside/a.txt');
      const path = tree.at('link/a.txt');
      await expect(changes.trash(path, expected, new AbortController().signal)).rejects.toMatchObject({
        code: 'local.unsafe-path',
      });
      const archive = changes.archive(path, expected, join(tree.base, 'archive/a.txt'), 'op-1', signal);
      await expect(archive).rejects.toMatchObject({ code: 'local.unsafe-path' });
      expect(readFileSync(join(tree.base, 'outside/a.txt'), 'utf8')).toBe('x');
    });

    it.each(['../a.txt', 'd/../../a.txt', 'd//a.txt', './a.txt', ''])('the path %j', async (path) => {
      const file = `${tree.root}/${path}`;
      await expect(changes.openPartial(file, 'op')).rejects.toMatchObject({ code: 'local.unsafe-path' });
      expect(existsSync(join(tree.base, 'a.txt'))).toBe(false);
    });

    it('a path beside the root that begins like it', async () => {
      const file = `${tree.root}-other/a.txt`;
      await expect(changes.openPartial(file, 'op')).rejects.toMatchObject({ code: 'local.unsafe-path' });
    });

    it('a link in place of the partial file, or of the target', async () => {
      tree.write('../victim.txt', 'victim');
      tree.symlink(join(tree.base, 'victim.txt'), '.longshore-part-op');
      await expect(changes.openPartial(tree.at('a.txt'), 'op')).rejects.toThrow();
      tree.symlink(join(tree.base, 'victim.txt'), 'b.txt');
      await partial('b.txt', 'op-2', 'theirs');
      await expect(changes.place(tree.at('b.txt'), 'op-2', null, null)).rejects.toMatchObject({
        code: 'local.changed',
      });
      expect(readFileSync(join(tree.base, 'victim.txt'), 'utf8')).toBe('victim');
    });

    it('a token that would be a path is none', async () => {
      const file = await changes.openPartial(tree.at('a.txt'), '../../evil');
      await file.close();
      expect(readdirSync(tree.root)).toEqual(['.longshore-part-______evil']);
    });

    it('a root that is itself reached through a link is fine', async () => {
      tree.symlink(tree.root, '../alias');
      const aliased = new DiskChanges({ roots: () => [join(tree.base, 'alias')] });
      const file = await aliased.openPartial(join(tree.base, 'alias/d/a.txt'), 'op');
      await file.close();
      await aliased.place(join(tree.base, 'alias/d/a.txt'), 'op', null, null);
      expect(existsSync(tree.at('d/a.txt'))).toBe(true);
    });
  });

  describe('names that a remote key may bring', () => {
    it.each([
      ['a.txt', true, true],
      ['d/e/f', true, true],
      ['..', false, false],
      ['a/../b', false, false],
      ['/etc/passwd', false, false],
      ['a//b', false, false],
      ['a\0b', false, false],
      ['C:\\x', true, false],
      ['a\\..\\b', true, false],
      ['nul', true, false],
      ['com1.txt', true, false],
      ['trailing.', true, false],
      ['stream:x', true, false],
    ])('%j on Linux %s, on Windows %s', (path, linux, windows) => {
      expect(isSafeRelative(path, 'linux')).toBe(linux);
      expect(isSafeRelative(path, 'win32')).toBe(windows);
    });
  });

  it('a file where a directory has to be is told, not replaced', async () => {
    tree.write('d', 'a file');
    await expect(changes.openPartial(tree.at('d/a.txt'), 'op')).rejects.toMatchObject({ code: 'local.unsafe-path' });
    expect(readFileSync(tree.at('d'), 'utf8')).toBe('a file');
  });

  it('P5: place goes on after a death between the second name and the replacement', async () => {
    tree.write('a.txt', 'ours');
    const expected = await state('a.txt');
    await partial('a.txt', 'op', 'theirs');
    linkSync(tree.at('a.txt'), tree.at('kept.txt'));
    await changes.place(tree.at('a.txt'), 'op', null, { expected, asidePath: tree.at('kept.txt') });
    expect(readFileSync(tree.at('a.txt'), 'utf8')).toBe('theirs');
    expect(readFileSync(tree.at('kept.txt'), 'utf8')).toBe('ours');
    expect(readdirSync(tree.root).sort()).toEqual(['a.txt', 'kept.txt']);
  });

  it('P5: place goes on after a death between the name and the end of the partial one', async () => {
    await partial('a.txt', 'op', 'theirs');
    linkSync(tree.at('.longshore-part-op'), tree.at('a.txt'));
    await changes.place(tree.at('a.txt'), 'op', null, null);
    expect(readdirSync(tree.root)).toEqual(['a.txt']);
  });

  it('the file that takes the place of another has its mode', async () => {
    tree.write('a.sh', 'ours');
    chmodSync(tree.at('a.sh'), 0o750);
    const expected = await state('a.sh');
    await partial('a.sh', 'op', 'theirs');
    await changes.place(tree.at('a.sh'), 'op', null, { expected, asidePath: tree.at('kept.sh') });
    expect(statSync(tree.at('a.sh')).mode & 0o777).toBe(0o750);
  });

  it('a trash that fails is an error with its words, and the file stays', async () => {
    tree.write('a.txt', 'x');
    const failing = new DiskChanges({
      roots: () => [tree.root],
      moveToTrash: () => Promise.resolve(),
    });
    const trash = failing.trash(tree.at('a.txt'), await state('a.txt'), new AbortController().signal);
    await expect(trash).rejects.toMatchObject({ code: 'local.trash-failed' });
    expect(existsSync(tree.at('a.txt'))).toBe(true);
  });

  it('archives to another file system, with time and mode, and leaves nothing behind', async () => {
    const other = mkdtempSync('/dev/shm/longshore-archive-');
    onTestFinished(() => rmSync(other, { recursive: true, force: true }));
    expect(statSync(other).dev).not.toBe(statSync(tree.root).dev);
    tree.write('d/big.bin', Buffer.alloc(3_500_000, 7));
    chmodSync(tree.at('d/big.bin'), 0o640);
    const before = statSync(tree.at('d/big.bin'));
    await changes.archive(tree.at('d/big.bin'), await state('d/big.bin'), join(other, 'd/big.bin'), 'op-1', signal);
    const after = statSync(join(other, 'd/big.bin'));
    expect(after.size).toBe(before.size);
    expect(Math.abs(after.mtimeMs - before.mtimeMs)).toBeLessThan(1);
    expect(after.mode).toBe(before.mode);
    expect(readFileSync(join(other, 'd/big.bin')).equals(Buffer.alloc(3_500_000, 7))).toBe(true);
    expect(readdirSync(join(other, 'd'))).toEqual(['big.bin']);
    expect(existsSync(tree.at('d/big.bin'))).toBe(false);
  });

  it.each([
    ['a plain name', 'big.bin'],
    ['the longest name that there is', 'n'.repeat(255)],
  ])(
    'P13: on another file system nothing is to be seen under the name before it is whole: %s',
    async (_title, name) => {
      const other = mkdtempSync('/dev/shm/longshore-archive-');
      onTestFinished(() => rmSync(other, { recursive: true, force: true }));
      const bytes = Buffer.alloc(24_000_000, 7);
      tree.write(name, bytes);
      const archived = changes
        .archive(tree.at(name), await state(name), join(other, name), 'op-1', signal)
        .then(() => true);
      // Whatever a crash at any of these moments would have left there.
      const sizes = new Set<number>();
      while (!(await Promise.race([archived, setImmediate(false)]))) {
        const there = statSync(join(other, name), { throwIfNoEntry: false });
        if (there !== undefined) sizes.add(there.size);
      }
      expect([...sizes].filter((size) => size !== bytes.length)).toEqual([]);
      expect(readdirSync(other)).toEqual([name]);
      expect(existsSync(tree.at(name))).toBe(false);
    },
  );

  it('P13: two attempts of one archiving are never under way at once', async () => {
    tree.write('a.txt', 'content');
    const expected = await state('a.txt');
    const there = join(tree.base, 'archive/a.txt');
    const first = changes.archive(tree.at('a.txt'), expected, there, 'op-1', signal);
    const refused = { code: 'local.archive-failed' };
    await expect(changes.archive(tree.at('a.txt'), expected, there, 'op-1', signal)).rejects.toMatchObject(refused);
    await expect(changes.forgetArchive(expected, there, 'op-1')).rejects.toMatchObject(refused);
    await first;
    await changes.forgetArchive(expected, there, 'op-1');
    expect(readFileSync(there, 'utf8')).toBe('content');
  });

  it.each(['blocked/a.txt', 'blocked/deeper/a.txt'])(
    'P13, P11: an archive that can not be made leaves the file, and is not told as a file that went: %s',
    async (name) => {
      tree.write('a.txt', 'content');
      tree.write('../blocked', 'a file in the way');
      const archive = changes.archive(tree.at('a.txt'), await state('a.txt'), join(tree.base, name), 'op-1', signal);
      await expect(archive).rejects.toMatchObject({
        code: 'local.archive-failed',
        context: { detail: expect.stringContaining('blocked') as string },
      });
      expect(readFileSync(tree.at('a.txt'), 'utf8')).toBe('content');
    },
  );

  it('a marker that is no file, or far too long, is none of ours', async () => {
    tree.mkdir('.longshore-folder');
    expect(await changes.readMarker(tree.root)).toBe('');
    tree.remove('.longshore-folder');
    tree.write('.longshore-folder', 'x'.repeat(10_000));
    expect(await changes.readMarker(tree.root)).toBe('');
  });
});
