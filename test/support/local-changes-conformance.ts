import { Buffer } from 'node:buffer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fingerprint } from '../../src/core/fingerprint.ts';
import type { LocalChanges } from '../../src/core/ports.ts';
import type { DiskHarness } from './scanner-conformance.ts';
import { scanAll, scanRequest } from './scan-all.ts';

/** A disk with one folder on it, and a directory outside of it for the archive. */
export interface ChangesHarness extends DiskHarness {
  readonly changes: LocalChanges;
  /** Absolute; lies outside of the folder and need not be there. */
  readonly archive: string;
}

/** What every LocalChanges owes, the real one and the simulator's. */
export function describeLocalChangesConformance(
  title: string,
  makeHarness: () => Promise<ChangesHarness> | ChangesHarness,
): void {
  describe(`${title}: conformance of LocalChanges`, () => {
    let disk: ChangesHarness;
    beforeEach(async () => {
      disk = await makeHarness();
    });
    afterEach(async () => {
      await disk.close();
    });
    const path = (relative: string) => `${disk.root}/${relative}`;
    const state = async (relative: string): Promise<Fingerprint> => {
      const stat = await disk.files.stat(path(relative));
      if (stat === null) throw new Error(`${relative} is not there`);
      return stat.fingerprint;
    };
    const textAt = async (absolute: string): Promise<string | null> => {
      if ((await disk.files.stat(absolute)) === null) return null;
      const file = await disk.files.open(absolute);
      try {
        const bytes = Buffer.alloc((await file.stat()).sizeBytes);
        await file.read(bytes, 0);
        return bytes.toString();
      } finally {
        await file.close();
      }
    };
    const text = (relative: string) => textAt(path(relative));
    const visible = async () => (await scanAll(disk.scanner, scanRequest(disk.root))).paths;
    const download = async (relative: string, token: string, content: string, position = 0) => {
      const partial = await disk.changes.openPartial(path(relative), token);
      try {
        await partial.write(Buffer.from(content), position);
        await partial.sync();
      } finally {
        await partial.close();
      }
    };
    const refused = (work: Promise<unknown>) => expect(work).rejects;

    describe('a partial file', () => {
      it('is not seen by a scan, nor is anything at its target', async () => {
        await download('a.txt', 'op-1', 'half');
        expect(await visible()).toEqual([]);
        expect(await text('a.txt')).toBeNull();
      });

      it('P6: is found again by its token, with what was written, and can be written on', async () => {
        await download('a.txt', 'op-1', 'one ');
        const partial = await disk.changes.openPartial(path('a.txt'), 'op-1');
        expect(await partial.sizeBytes()).toBe(4);
        await partial.write(Buffer.from('two'), 4);
        const bytes = Buffer.alloc(10);
        expect(await partial.read(bytes, 0)).toBe(7);
        expect(bytes.toString('utf8', 0, 7)).toBe('one two');
        expect(await partial.read(bytes, 7)).toBe(0);
        await partial.close();
      });

      it('of another token is another one', async () => {
        await download('a.txt', 'op-1', 'one');
        const partial = await disk.changes.openPartial(path('a.txt'), 'op-2');
        expect(await partial.sizeBytes()).toBe(0);
        await partial.close();
      });

      it('makes the directories that it needs, but never the root', async () => {
        await download('new/deep/a.txt', 'op-1', 'x');
        await disk.changes.place(path('new/deep/a.txt'), 'op-1', null, null);
        expect(await text('new/deep/a.txt')).toBe('x');
        await disk.removeRoot();
        await refused(disk.changes.openPartial(path('a.txt'), 'op-2')).toMatchObject({ code: 'local.vanished' });
      });

      it('goes when it is told to, and may be gone already', async () => {
        await download('a.txt', 'op-1', 'one');
        await disk.changes.removePartial(path('a.txt'), 'op-1');
        await disk.changes.removePartial(path('a.txt'), 'op-1');
        await disk.changes.removePartial(path('no/such/directory/a.txt'), 'op-1');
        const partial = await disk.changes.openPartial(path('a.txt'), 'op-1');
        expect(await partial.sizeBytes()).toBe(0);
        await partial.close();
      });
    });

    describe('place', () => {
      it('makes the file stand there whole, with its time, and tells its state', async () => {
        await download('d/a.txt', 'op-1', 'whole');
        const stat = await disk.changes.place(path('d/a.txt'), 'op-1', 1_600_000_000_000, null);
        expect(stat).toMatchObject({ kind: 'file', sizeBytes: 5, mtimeMs: 1_600_000_000_000 });
        expect(await state('d/a.txt')).toBe(stat.fingerprint);
        expect(await text('d/a.txt')).toBe('whole');
        expect(await visible()).toEqual(['d/a.txt']);
      });

      it('P13: onto a file that nobody expected there: refused, nothing changes', async () => {
        await download('a.txt', 'op-1', 'theirs');
        await disk.write('a.txt', 'ours');
        await refused(disk.changes.place(path('a.txt'), 'op-1', null, null)).toMatchObject({ code: 'local.changed' });
        expect(await text('a.txt')).toBe('ours');
      });

      it('P13: what stood there is kept aside', async () => {
        await disk.write('a.txt', 'ours');
        const expected = await state('a.txt');
        await download('a.txt', 'op-1', 'theirs');
        const stat = await disk.changes.place(path('a.txt'), 'op-1', null, {
          expected,
          asidePath: path('a (kept).txt'),
        });
        expect(await text('a.txt')).toBe('theirs');
        expect(await text('a (kept).txt')).toBe('ours');
        expect(await state('a.txt')).toBe(stat.fingerprint);
        expect(await visible()).toEqual(['a (kept).txt', 'a.txt']);
      });

      it('P13: over another state than the expected one: refused, nothing changes', async () => {
        await disk.write('a.txt', 'ours');
        const expected = await state('a.txt');
        await download('a.txt', 'op-1', 'theirs');
        await disk.write('a.txt', 'ours, edited');
        const place = disk.changes.place(path('a.txt'), 'op-1', null, { expected, asidePath: path('kept.txt') });
        await refused(place).toMatchObject({ code: 'local.changed' });
        expect(await text('a.txt')).toBe('ours, edited');
        expect(await text('kept.txt')).toBeNull();
      });

      it('P13: a name for the kept one that is taken is not overwritten', async () => {
        await disk.write('a.txt', 'ours');
        await disk.write('kept.txt', 'something else');
        const expected = await state('a.txt');
        await download('a.txt', 'op-1', 'theirs');
        const place = disk.changes.place(path('a.txt'), 'op-1', null, { expected, asidePath: path('kept.txt') });
        await refused(place).toBeInstanceOf(Error);
        expect(await text('kept.txt')).toBe('something else');
        expect(await text('a.txt')).toBe('ours');
      });

      it('P5: goes on where an attempt that died after keeping had stopped', async () => {
        await disk.write('a.txt', 'ours');
        const expected = await state('a.txt');
        await download('a.txt', 'op-1', 'theirs');
        await disk.rename('a.txt', 'kept.txt');
        await disk.changes.place(path('a.txt'), 'op-1', null, { expected, asidePath: path('kept.txt') });
        expect(await text('a.txt')).toBe('theirs');
        expect(await text('kept.txt')).toBe('ours');
      });

      it('without a partial file is refused', async () => {
        await refused(disk.changes.place(path('a.txt'), 'op-1', null, null)).toMatchObject({ code: 'local.vanished' });
      });
    });

    describe.each(['trash', 'archive'] as const)('%s', (how) => {
      const act = (relative: string, expected: Fingerprint, name = relative) =>
        how === 'trash'
          ? disk.changes.trash(path(relative), expected, new AbortController().signal)
          : disk.changes.archive(
              path(relative),
              expected,
              `${disk.archive}/${name}`,
              'op-1',
              new AbortController().signal,
            );

      it('P13: takes the file in the expected state, and only that', async () => {
        await disk.write('d/a.txt', 'one');
        await disk.write('d/b.txt', 'other');
        const expected = await state('d/a.txt');
        await act('d/a.txt', expected);
        expect(await visible()).toEqual(['d/b.txt']);
        if (how === 'archive') expect(await textAt(`${disk.archive}/d/a.txt`)).toBe('one');
      });

      it('P13: leaves a file that has changed since, and says so', async () => {
        await disk.write('a.txt', 'one');
        const expected = await state('a.txt');
        await disk.write('a.txt', 'two!');
        await refused(act('a.txt', expected)).toMatchObject({ code: 'local.changed' });
        expect(await text('a.txt')).toBe('two!');
        expect(await textAt(`${disk.archive}/a.txt`)).toBeNull();
      });

      it('P5: one that is gone already is local.vanished', async () => {
        await disk.write('a.txt', 'one');
        const expected = await state('a.txt');
        await disk.remove('a.txt');
        await refused(act('a.txt', expected)).toMatchObject({ code: 'local.vanished' });
      });

      it.runIf(how === 'archive')('P13: ends with the reason of its signal, and the file stays', async () => {
        await disk.write('a.txt', 'one');
        const reason = new Error('the engine stops');
        const { changes } = disk;
        const stopped = changes.archive(
          path('a.txt'),
          await state('a.txt'),
          `${disk.archive}/a.txt`,
          'op-1',
          AbortSignal.abort(reason),
        );
        await refused(stopped).toBe(reason);
        expect(await text('a.txt')).toBe('one');
        expect(await textAt(`${disk.archive}/a.txt`)).toBeNull();
      });

      it.runIf(how === 'archive')('P13: a name that is taken in the archive gets " (2)"', async () => {
        for (const content of ['one', 'two', 'three']) {
          await disk.write('a.tar.gz', content);
          await act('a.tar.gz', await state('a.tar.gz'));
        }
        expect(await textAt(`${disk.archive}/a.tar.gz`)).toBe('one');
        expect(await textAt(`${disk.archive}/a.tar (2).gz`)).toBe('two');
        expect(await textAt(`${disk.archive}/a.tar (3).gz`)).toBe('three');
      });
    });

    describe('the marker', () => {
      it('is not there at first, then what was written last; no scan sees it', async () => {
        expect(await disk.changes.readMarker(disk.root)).toBeNull();
        await disk.changes.writeMarker(disk.root, 'first');
        await disk.changes.writeMarker(disk.root, 'second');
        expect(await disk.changes.readMarker(disk.root)).toBe('second');
        expect(await visible()).toEqual([]);
      });

      it('is not there with its root, and makes no root', async () => {
        await disk.removeRoot();
        expect(await disk.changes.readMarker(disk.root)).toBeNull();
        await refused(disk.changes.writeMarker(disk.root, 'x')).toMatchObject({ code: 'local.vanished' });
        expect(await disk.files.stat(disk.root)).toBeNull();
      });
    });

    it('tells how many bytes are free, also for a directory that is not made yet', async () => {
      expect(await disk.changes.freeBytes(disk.root)).toBeGreaterThan(0);
      expect(await disk.changes.freeBytes(path('not/made/yet'))).toBeGreaterThan(0);
    });
  });
}
