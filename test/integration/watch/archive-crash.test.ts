import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import { archiveFile, forgetArchiving, type Archiving } from '../../../src/watch/archive-file.ts';
import { fileStat } from '../../../src/watch/file-stat.ts';
import { CHANGES, disk, REFUSED } from '../../support/disk-changes.ts';

vi.mock('node:fs/promises', async (importOriginal) => {
  const { freezing } = await import('../../support/disk-changes.ts');
  return freezing(await importOriginal<Record<string, unknown>>());
});

afterEach(async () => {
  disk.refused = {};
  disk.before = {};
  disk.freezes = Number.POSITIVE_INFINITY;
  await Promise.allSettled(disk.opened.splice(0).map((handle) => handle.close()));
});

const CHILD = resolve(import.meta.dirname, '../../support/archive-child.ts');
/** More changes than one archiving makes: a run that comes so far has not died. */
const MOST_CHANGES = 40;

const STOPPED = new Error('the engine stops');

/** How the archive can be reached from where the file is. `copies`: the file can't be renamed there. */
const DISKS = [
  { where: 'on the same file system', parent: tmpdir(), kind: 'plain', copies: false },
  { where: 'on one without hard links', parent: tmpdir(), kind: 'no links', copies: false },
  { where: 'on another file system', parent: '/dev/shm', kind: 'plain', copies: true },
  { where: 'on another one without hard links', parent: '/dev/shm', kind: 'no links', copies: true },
  { where: 'behind a mount of the same file system', parent: tmpdir(), kind: 'no renames', copies: true },
] as const;

/** What stands in a directory, hidden files as well. */
type Listing = Readonly<Record<string, string>>;

class Scene {
  readonly archive: string;
  readonly archiving: Archiving;
  readonly file: string;
  readonly #stopping = new AbortController();
  readonly #nth: number;
  readonly #kind: string;

  constructor(parent: string, kind: string, nth: number, content: string, taken: Listing) {
    this.#nth = nth;
    this.#kind = kind;
    disk.refused = REFUSED[kind] ?? {};
    this.file = join(directory(tmpdir()), 'a.txt');
    writeFileSync(this.file, content);
    this.archive = join(directory(parent), 'archive');
    mkdirSync(this.archive);
    for (const [name, bytes] of Object.entries(taken)) writeFileSync(join(this.archive, name), bytes);
    const { fingerprint } = fileStat(lstatSync(this.file, { bigint: true }));
    this.archiving = {
      file: this.file,
      expected: fingerprint,
      archivePath: join(this.archive, 'a.txt'),
      token: 'op-1',
      signal: this.#stopping.signal,
    };
  }

  /** As `stops`, where the engine says at the change that it stops. */
  async isTold(): Promise<boolean> {
    let changes = 0;
    const count = () => {
      changes += 1;
      if (changes === this.#nth) this.#stopping.abort(STOPPED);
    };
    disk.before = Object.fromEntries(CHANGES.map((name) => [name, count]));
    try {
      await archiveFile(this.archiving);
      return false;
    } catch (error) {
      expect(error).toBe(STOPPED);
      return true;
    } finally {
      disk.before = {};
    }
  }

  /** Whether it came no further than the change. */
  async stops(): Promise<boolean> {
    const frozen = new Promise<boolean>((resolve) => {
      disk.onFrozen = () => {
        resolve(true);
      };
    });
    disk.freezes = this.#nth;
    const stopped = await Promise.race([frozen, archiveFile(this.archiving).then(() => false)]);
    disk.freezes = Number.POSITIVE_INFINITY;
    return stopped;
  }

  /** As `stops`, with a process that is killed there. */
  isKilled(): Promise<boolean> {
    const { file, expected, archivePath } = this.archiving;
    const run = spawnSync(process.execPath, [CHILD, file, expected, archivePath, this.#kind, String(this.#nth)]);
    const end = run.signal ?? run.status;
    if (end !== 'SIGKILL' && end !== 0) throw new Error(`${String(this)}: ended with ${end}: ${run.stderr.toString()}`);
    return Promise.resolve(end === 'SIGKILL');
  }

  archived(): Listing {
    const names = readdirSync(this.archive).toSorted();
    return Object.fromEntries(names.map((name) => [name, readFileSync(join(this.archive, name), 'utf8')]));
  }

  toString(): string {
    return `after change ${this.#nth}`;
  }
}

function directory(parent: string): string {
  const dir = mkdtempSync(join(parent, 'longshore-archive-'));
  onTestFinished(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

/** As the engine does it: what has gone is archived. */
async function again(archiving: Archiving): Promise<string> {
  try {
    await archiveFile({ ...archiving, signal: new AbortController().signal });
    return 'archived';
  } catch (error) {
    if (error instanceof LongshoreError) return error.code;
    throw error;
  }
}

/** A death after each change, one after the other, until a run comes to its end. */
async function atEachStep(
  open: (nth: number) => Scene,
  judge: (scene: Scene, died: boolean) => Promise<void>,
  die: (scene: Scene) => Promise<boolean> = (scene) => scene.stops(),
): Promise<void> {
  let deaths = 0;
  for (let nth = 1; nth <= MOST_CHANGES; nth += 1) {
    const scene = open(nth);
    const died = await die(scene);
    await judge(scene, died);
    if (!died) break;
    deaths += 1;
  }
  // At a handful of steps at least: else nothing was tried.
  expect(deaths).toBeGreaterThan(4);
  expect(deaths).toBeLessThan(MOST_CHANGES);
}

describe.each(DISKS)('P13: an archive $where, and a process that dies at any step', ({ parent, kind, copies }) => {
  /** It is in the archive once, under the first free name; before the repetition it is at least somewhere. */
  const isArchivedOnce = (taken: Listing, content: string) => async (scene: Scene, died: boolean) => {
    const count = Object.keys(taken).length;
    const next = count === 0 ? 'a.txt' : `a (${count + 1}).txt`;
    expect(existsSync(scene.file) || scene.archived()[next] === content, `${String(scene)}: it is somewhere`).toBe(
      true,
    );
    if (died) expect(await again(scene.archiving), String(scene)).toBeOneOf(['archived', 'local.vanished']);
    expect(existsSync(scene.file), String(scene)).toBe(false);
    expect(scene.archived(), String(scene)).toEqual({ ...taken, [next]: content });
  };

  it.each([
    { title: 'into an empty archive', content: 'content', taken: {} },
    { title: 'beside others of its name', content: 'content', taken: { 'a.txt': 'one', 'a (2).txt': 'two' } },
    { title: 'an empty file, beside another', content: '', taken: { 'a.txt': 'one' } },
  ])('$title: the repetition leaves it there once, and nothing else', async ({ content, taken }) => {
    await atEachStep((nth) => new Scene(parent, kind, nth, content, taken), isArchivedOnce(taken, content));
  });

  it('with a process that is really killed', async () => {
    const taken = { 'a.txt': 'another' };
    await atEachStep(
      (nth) => new Scene(parent, kind, nth, 'content', taken),
      isArchivedOnce(taken, 'content'),
      (scene) => scene.isKilled(),
    );
  });

  it.runIf(copies)('P10: nor does an engine that stops wait for it, or lose anything', async () => {
    const taken = { 'a.txt': 'another' };
    await atEachStep(
      (nth) => new Scene(parent, kind, nth, 'content', taken),
      async (scene, died) => {
        expect(existsSync(scene.file), String(scene)).toBe(died);
        await isArchivedOnce(taken, 'content')(scene, died);
      },
      (scene) => scene.isTold(),
    );
  });

  describe.each([
    { title: 'is deleted', change: (file: string) => rmSync(file), ends: 'local.vanished', stays: null },
    {
      title: 'changes',
      change: (file: string) => writeFileSync(file, 'newer content'),
      ends: 'local.changed',
      stays: 'newer content',
    },
  ])('and then the file $title', ({ change, ends, stays }) => {
    it.each(['the next attempt', 'the end of all attempts'])('%s leaves nothing of ours', async (how) => {
      const taken = { 'a.txt': 'another' };
      await atEachStep(
        (nth) => new Scene(parent, kind, nth, 'content', taken),
        async (scene, died) => {
          const wasThere = existsSync(scene.file);
          if (wasThere) change(scene.file);
          if (how === 'the end of all attempts') await forgetArchiving(scene.archiving);
          else if (died) expect(await again(scene.archiving), String(scene)).toBe(wasThere ? ends : 'local.vanished');
          expect(existsSync(scene.file) ? readFileSync(scene.file, 'utf8') : null).toBe(wasThere ? stays : null);
          const arrived = { ...taken, 'a (2).txt': 'content' };
          // A copy may be there whole before the original goes.
          const allowed = wasThere ? (copies ? [taken, arrived] : [taken]) : [arrived];
          expect(allowed, String(scene)).toContainEqual(scene.archived());
        },
      );
    });
  });
});

describe.each(DISKS)('P13: an archive $where, and a file that changes under way', ({ parent, kind, copies }) => {
  it.each([
    { title: 'in place', change: (file: string) => writeFileSync(file, 'newer content') },
    {
      title: 'by a rename',
      change: (file: string) => {
        writeFileSync(`${file}.new`, 'newer content');
        renameSync(`${file}.new`, file);
      },
    },
  ])('$title: it stays as it is now, and the archive as it was', async ({ title, change }) => {
    const taken = { 'a.txt': 'another' };
    const scene = new Scene(parent, kind, 0, 'content', taken);
    // The last moment at which somebody can come in between.
    disk.before = { [copies ? 'utimes' : 'rename']: () => change(scene.file) };
    const ended = await again(scene.archiving);
    expect(ended).toBe('local.changed');
    expect(readFileSync(scene.file, 'utf8'), title).toBe('newer content');
    expect(scene.archived()).toEqual(taken);
  });
});
