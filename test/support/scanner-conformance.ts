import { Buffer } from 'node:buffer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LongshoreError } from '../../src/core/longshore-error.ts';
import type { LocalFiles, Scanner, WantedFile } from '../../src/core/ports.ts';
import { scanAll, scanRequest } from './scan-all.ts';

/** A disk with one folder on it. Paths are relative to `root`; parents are made as needed; `remove` takes directories whole. */
export interface DiskHarness {
  readonly root: string;
  readonly scanner: Scanner;
  readonly files: LocalFiles;
  /** Replaces the content in place. Each call leaves a later mtime or ctime than the one before. */
  write(path: string, content: string): Promise<void> | void;
  mkdir(path: string): Promise<void> | void;
  remove(path: string): Promise<void> | void;
  rename(from: string, to: string): Promise<void> | void;
  /** Takes the root itself away, as a drive that is pulled. */
  removeRoot(): Promise<void> | void;
  close(): Promise<void> | void;
}

/** What every Scanner with its LocalFiles owes, the real one and the simulator's. */
export function describeScannerConformance(title: string, makeHarness: () => Promise<DiskHarness> | DiskHarness): void {
  describe(`${title}: conformance of Scanner and LocalFiles`, () => {
    let disk: DiskHarness;
    beforeEach(async () => {
      disk = await makeHarness();
    });
    afterEach(async () => {
      await disk.close();
    });
    const full = (more = {}) => scanAll(disk.scanner, scanRequest(disk.root, more));
    const path = (relative: string) => `${disk.root}/${relative}`;
    const fingerprint = async (relative: string) => (await disk.files.stat(path(relative)))?.fingerprint;
    const text = async (relative: string) => {
      const file = await disk.files.open(path(relative));
      try {
        const bytes = Buffer.alloc((await file.stat()).sizeBytes);
        expect(await file.read(bytes, 0)).toBe(bytes.length);
        return bytes.toString();
      } finally {
        await file.close();
      }
    };

    describe('the whole of a small file', () => {
      const wanted = async (relative: string, algorithm: WantedFile['algorithm'] = 'CRC32'): Promise<WantedFile> => {
        const { fingerprint, sizeBytes } = (await disk.files.stat(path(relative)))!;
        return { path: path(relative), fingerprint, sizeBytes, algorithm };
      };
      const read = (file: WantedFile) => disk.files.readWhole(file, new AbortController().signal);

      it('comes with the checksum that was asked for', async () => {
        await disk.write('a', '123456789');
        await disk.write('empty', '');
        for (const [algorithm, value] of Object.entries({ CRC32: 'y/Q5Jg==', CRC64NVME: 'rosUhgp5mIg=' })) {
          const { bytes, checksum } = await read(await wanted('a', algorithm as WantedFile['algorithm']));
          expect([Buffer.from(bytes).toString(), checksum]).toEqual(['123456789', { algorithm, value }]);
        }
        expect((await read(await wanted('empty'))).bytes.length).toBe(0);
      });

      it('comes many at a time, each with its own bytes', async () => {
        const names = Array.from({ length: 100 }, (_, at) => `many/${at}`);
        for (const [at, name] of names.entries()) await disk.write(name, name.repeat(at % 7));
        const files = await Promise.all(names.map((name) => wanted(name)));
        // More than once: a reader may change its ways when there is much to do.
        for (let round = 0; round < 3; round += 1) {
          const whole = await Promise.all(files.map(read));
          expect(whole.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(
            names.map((name, at) => name.repeat(at % 7)),
          );
        }
      });

      it('P3: is refused in any other state than the one that is wanted', async () => {
        await disk.write('a', 'one');
        await disk.write('gone', 'one');
        await disk.write('directory', 'one');
        const [changed, gone, directory] = [await wanted('a'), await wanted('gone'), await wanted('directory')];
        await disk.write('a', 'two');
        await disk.remove('gone');
        await disk.remove('directory');
        await disk.mkdir('directory');
        // Alone and in a crowd: it may be read in different ways.
        for (const times of [1, 40, 40]) {
          const all = (file: WantedFile) => Promise.allSettled(Array.from({ length: times }, () => read(file)));
          const codeOf = (result: PromiseSettledResult<unknown>) =>
            result.status === 'rejected' ? (result.reason as LongshoreError).code : 'read';
          const results = await Promise.all([changed, gone, directory].map(all));
          const codes = results.map((each) => Array.from(new Set(each.map(codeOf))));
          expect(codes).toEqual([['local.changed'], ['local.vanished'], ['local.vanished']]);
        }
      });

      it('is not read after an abort', async () => {
        await disk.write('a', 'one');
        const file = await wanted('a');
        const controller = new AbortController();
        const reason = new Error('stopped');
        const reading = disk.files.readWhole(file, controller.signal);
        controller.abort(reason);
        await expect(reading).rejects.toBe(reason);
        await expect(disk.files.readWhole(file, controller.signal)).rejects.toBe(reason);
      });
    });

    describe('a full scan', () => {
      it('reports every directory once, parents first, and every file with what stat says', async () => {
        await disk.write('a.txt', 'one');
        await disk.write('d/b.txt', 'three');
        await disk.write('d/e/c.txt', '');
        await disk.mkdir('empty');
        const { summary, directories, paths, dir } = await full();
        expect(summary.root).toEqual({ kind: 'healthy' });
        expect(summary.volume).toMatch(/^\d+$/);
        expect(paths).toEqual(['a.txt', 'd/b.txt', 'd/e/c.txt']);
        expect(directories.map((each) => each.dir).sort()).toEqual(['', 'd', 'd/e', 'empty']);
        expect(directories[0]?.dir).toBe('');
        expect(directories.findIndex((each) => each.dir === 'd')).toBeLessThan(
          directories.findIndex((each) => each.dir === 'd/e'),
        );
        expect([...dir('')!.subdirectories].sort()).toEqual(['d', 'empty']);
        expect(dir('empty')).toMatchObject({ files: [], complete: true, gone: false, problems: [], ignored: 0 });
        const found = dir('d')!.files[0]!;
        const stat = (await disk.files.stat(path('d/b.txt')))!;
        expect(found).toEqual({
          name: 'b.txt',
          sizeBytes: 5,
          mtimeMs: stat.mtimeMs,
          ctimeMs: stat.ctimeMs,
          fingerprint: stat.fingerprint,
        });
      });

      it('is the same when nothing changed', async () => {
        await disk.write('d/a', 'x');
        expect((await full()).directories).toEqual((await full()).directories);
      });

      it('finds a root that is not there, and reports no directory', async () => {
        await disk.write('a', 'x');
        await disk.removeRoot();
        const { summary, directories } = await full();
        expect(summary.root.kind).toBe('missing');
        expect(directories).toEqual([]);
      });

      it('freezes on another volume, and reports no directory', async () => {
        await disk.write('a', 'x');
        const { volume } = (await full()).summary;
        expect((await full({ volume })).summary.root.kind).toBe('healthy');
        const moved = await full({ volume: `${volume}9` });
        expect(moved.summary.root.kind).toBe('other-volume');
        expect(moved.directories).toEqual([]);
      });
    });

    describe('rules', () => {
      it('leave out temporary names, and count and name them', async () => {
        await disk.write('a.tmp', 'x');
        await disk.write('.~lock.a.odt#', 'x');
        await disk.write('a.odt', 'x');
        const { paths, dir } = await full();
        expect(paths).toEqual(['a.odt']);
        expect(dir('')).toMatchObject({ ignored: 2 });
        expect([...dir('')!.ignoredNames].sort()).toEqual(['.~lock.a.odt#', 'a.tmp']);
      });

      it("follow the folder's patterns, which may bring a default back, and leave directories out whole", async () => {
        await disk.write('keep.tmp', 'x');
        await disk.write('out.bak', 'x');
        await disk.write('cache/a', 'x');
        const { paths, dir } = await full({ ignore: ['*.bak', 'cache/', '!keep.tmp'] });
        expect(paths).toEqual(['keep.tmp']);
        expect(dir('cache')).toBeUndefined();
        expect([...dir('')!.ignoredNames].sort()).toEqual(['cache', 'out.bak']);
      });

      it('follow ignore files, nested ones below theirs', async () => {
        await disk.write('.longshoreignore', '*.log\n');
        await disk.write('a.log', 'x');
        await disk.write('d/.longshoreignore', '!b.log\n/only-here\n');
        await disk.write('d/b.log', 'x');
        await disk.write('d/c.log', 'x');
        await disk.write('d/only-here', 'x');
        await disk.write('d/e/only-here', 'x');
        expect((await full()).paths).toEqual(['d/b.log', 'd/e/only-here']);
        const part = await full({ under: [{ dir: 'd/e', below: false }] });
        expect(part.paths).toEqual(['d/e/only-here']);
      });

      it('leave small files out and show large ones', async () => {
        await disk.write('small', '1');
        await disk.write('right', '12');
        await disk.write('large', '123');
        const { paths, dir } = await full({ minFileSizeBytes: 2, maxFileSizeBytes: 2 });
        expect(paths).toEqual(['right']);
        expect(dir('')).toMatchObject({
          ignoredNames: ['small'],
          problems: [{ name: 'large', code: 'local.too-large' }],
        });
      });
    });

    describe('a partial scan', () => {
      beforeEach(async () => {
        await disk.write('a/1', 'x');
        await disk.write('a/b/2', 'x');
        await disk.write('c/3', 'x');
      });

      it('looks at the named directory alone, or with all below', async () => {
        expect((await full({ under: [{ dir: 'a', below: false }] })).paths).toEqual(['a/1']);
        expect((await full({ under: [{ dir: 'a', below: true }] })).paths).toEqual(['a/1', 'a/b/2']);
        expect((await full({ under: [{ dir: '', below: false }] })).paths).toEqual([]);
      });

      it('reports each directory once, however often it is named', async () => {
        const under = ['a', 'a/b', 'a', ''].map((dir) => ({ dir, below: dir !== '' }));
        const { directories } = await full({ under });
        expect(directories.map(({ dir }) => dir).sort()).toEqual(['', 'a', 'a/b']);
      });

      it('reports what is gone as gone, also where a file now stands, and below what is gone', async () => {
        await disk.remove('a');
        await disk.remove('c');
        await disk.write('c', 'a file now');
        const under = ['a', 'a/b', 'c', 'never'].map((dir) => ({ dir, below: true }));
        const { directories, summary } = await full({ under });
        expect(summary.root.kind).toBe('healthy');
        const gone = { files: [], subdirectories: [], gone: true, complete: true };
        expect(directories).toHaveLength(3);
        for (const each of directories) expect(each).toMatchObject(gone);
        expect(directories.map(({ dir }) => dir).sort()).toEqual(['a', 'c', 'never']);
      });

      it('does not report a directory that a rule leaves out', async () => {
        const { directories } = await full({ ignore: ['a/'], under: [{ dir: 'a/b', below: true }] });
        expect(directories).toEqual([]);
      });
    });

    describe('fingerprints', () => {
      it('stand still while a file does, and change with its content, also at the same size', async () => {
        await disk.write('a', 'one');
        const before = await fingerprint('a');
        expect(await fingerprint('a')).toBe(before);
        await disk.write('a', 'two');
        expect(await fingerprint('a')).not.toBe(before);
      });

      it('tell a file that was renamed over another', async () => {
        await disk.write('a', 'one');
        await disk.write('b', 'two');
        const before = await fingerprint('a');
        await disk.rename('b', 'a');
        expect(await fingerprint('a')).not.toBe(before);
        expect(await fingerprint('b')).toBeUndefined();
        expect(await text('a')).toBe('two');
      });
    });

    describe('reading', () => {
      it('reads at positions, fills what it is given, and says where the file ends', async () => {
        await disk.write('a', '0123456789');
        const file = await disk.files.open(path('a'));
        const four = Buffer.alloc(4);
        expect(await file.read(four, 3)).toBe(4);
        expect(four.toString()).toBe('3456');
        expect(await file.read(four, 8)).toBe(2);
        expect(four.toString('utf8', 0, 2)).toBe('89');
        expect(await file.read(four, 10)).toBe(0);
        await file.close();
      });

      it('keeps reading an open file that lost its name, and tells its own state', async () => {
        await disk.write('a', 'old');
        const file = await disk.files.open(path('a'));
        await disk.write('b', 'newer');
        await disk.rename('b', 'a');
        const bytes = Buffer.alloc(3);
        expect(await file.read(bytes, 0)).toBe(3);
        expect(bytes.toString()).toBe('old');
        expect((await file.stat()).sizeBytes).toBe(3);
        expect((await disk.files.stat(path('a')))?.sizeBytes).toBe(5);
        await file.close();
      });

      it('finds nothing where nothing is, and a directory where one is', async () => {
        expect(await disk.files.stat(path('none'))).toBeNull();
        await disk.mkdir('d');
        expect((await disk.files.stat(path('d')))?.kind).toBe('directory');
        await disk.write('f', 'x');
        expect(await disk.files.stat(path('f/below'))).toBeNull();
        await expect(disk.files.open(path('none'))).rejects.toMatchObject({ code: 'local.vanished' });
        await expect(disk.files.open(path('d'))).rejects.toMatchObject({ code: 'local.vanished' });
      });
    });

    describe('the flow of a scan', () => {
      it('waits for each batch to be taken before it hands over the next', async () => {
        for (let index = 0; index < 20; index += 1) await disk.write(`d${index}/f`, 'x');
        let inside = 0;
        let most = 0;
        const onBatch = async () => {
          inside += 1;
          most = Math.max(most, inside);
          await new Promise(setImmediate);
          inside -= 1;
        };
        await disk.scanner.scan(scanRequest(disk.root), onBatch, new AbortController().signal);
        expect(most).toBe(1);
        expect(inside).toBe(0);
      });

      it('rejects with the reason when it is aborted, before or during', async () => {
        await disk.write('a', 'x');
        const reason = new Error('enough');
        const aborted = AbortSignal.abort(reason);
        await expect(disk.scanner.scan(scanRequest(disk.root), () => undefined, aborted)).rejects.toBe(reason);
        const during = new AbortController();
        const scan = disk.scanner.scan(scanRequest(disk.root), () => during.abort(reason), during.signal);
        await expect(scan).rejects.toBe(reason);
        expect((await full()).paths).toEqual(['a']);
      });

      it('rejects with what the taker of a batch threw', async () => {
        await disk.write('a', 'x');
        const bug = new Error('a bug');
        const onBatch = () => {
          throw bug;
        };
        await expect(disk.scanner.scan(scanRequest(disk.root), onBatch, new AbortController().signal)).rejects.toBe(
          bug,
        );
      });
    });
  });
}
