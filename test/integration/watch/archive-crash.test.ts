import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import { archiveFile } from '../../../src/watch/archive-file.ts';
import { fileStat } from '../../../src/watch/file-stat.ts';

const CHILD = resolve(import.meta.dirname, '../../support/archive-child.ts');
/** More changes than one archiving makes: a run that comes so far has not died. */
const MOST_CHANGES = 30;

function directory(parent: string): string {
  const dir = mkdtempSync(join(parent, 'longshore-archive-'));
  onTestFinished(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

/** As the engine does it: what has gone is archived. */
async function again(file: string, fingerprint: Parameters<typeof archiveFile>[1], to: string): Promise<void> {
  try {
    await archiveFile(file, fingerprint, to);
  } catch (error) {
    if (!(error instanceof LongshoreError) || error.code !== 'local.vanished') throw error;
  }
}

const PLACES = [
  ['on the same file system', tmpdir()],
  ['on another one', '/dev/shm'],
] as const;

describe.each(PLACES)('P13: an archive %s, and a process that dies at any of its steps', (_where, parent) => {
  it.each([
    ['into an empty archive', []],
    ['beside another file of its name', ['a.txt']],
  ])('%s: the repetition leaves the file there once, and nothing else', async (_title, taken) => {
    let died = 0;
    for (let nth = 1; nth <= MOST_CHANGES; nth += 1) {
      const file = join(directory(tmpdir()), 'a.txt');
      writeFileSync(file, 'content');
      const archive = join(directory(parent), 'archive');
      mkdirSync(archive);
      for (const name of taken) writeFileSync(join(archive, name), 'another');
      const { fingerprint } = fileStat(lstatSync(file, { bigint: true }));
      const to = join(archive, 'a.txt');
      const run = spawnSync(process.execPath, [CHILD, file, fingerprint, to, String(nth)]);
      const point = `after change ${nth}`;
      expect(run.signal ?? run.status, `${point}: ${run.stderr.toString()}`).toSatisfy(
        (end) => end === 'SIGKILL' || end === 0,
      );
      const ended = run.status === 0;
      if (!ended) {
        died += 1;
        expect(existsSync(file) || readdirSync(archive).some((name) => isOurs(join(archive, name))), point).toBe(true);
        await again(file, fingerprint, to);
      }
      expect(existsSync(file), point).toBe(false);
      expect(readdirSync(archive).toSorted(), point).toEqual(
        [...taken, taken.length === 0 ? 'a.txt' : 'a (2).txt'].toSorted(),
      );
      expect(isOurs(join(archive, taken.length === 0 ? 'a.txt' : 'a (2).txt')), point).toBe(true);
      for (const name of taken) expect(readFileSync(join(archive, name), 'utf8'), point).toBe('another');
      if (ended) break;
    }
    // At a handful of steps at least: else nothing was tried.
    expect(died).toBeGreaterThan(4);
  });
});

function isOurs(file: string): boolean {
  return readFileSync(file, 'utf8') === 'content';
}
