import type { BigIntStats, PathLike } from 'node:fs';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  mkdtempSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type promises from 'node:fs/promises';
import { join, sep } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { fileStat } from '../../../src/watch/file-stat.ts';
import { DiskChanges } from '../../../src/watch/local-changes.ts';
import { trashFile } from '../../../src/watch/trash-file.ts';
import { disk, REFUSED } from '../../support/disk-changes.ts';
import { TempTree } from '../../support/temp-tree.ts';

/** Directories that the code under test finds on a file system of their own: what is below them has another device number. */
const mounts: string[] = [];

vi.mock('node:fs/promises', async (importOriginal) => {
  const { freezing } = await import('../../support/disk-changes.ts');
  const real = await importOriginal<typeof promises>();
  const stat = async (path: PathLike): Promise<BigIntStats> => {
    const stats = await real.stat(path, { bigint: true });
    const nth = mounts.findIndex((mount) => `${String(path)}${sep}`.startsWith(`${mount}${sep}`));
    if (nth >= 0) stats.dev = BigInt(1_000_000 + nth);
    return stats;
  };
  return { ...freezing(real), stat };
});

const NEW = 'what the user wrote meanwhile';
const OWN = `.Trash-${process.getuid?.() ?? 0}`;

let tree: TempTree;
let home: string;
beforeEach(() => {
  tree = new TempTree();
  home = join(tree.base, 'home');
  vi.stubEnv('XDG_DATA_HOME', home);
  tree.write('d/a.txt', 'content');
  mounts.push(tree.root);
});
afterEach(() => {
  vi.unstubAllEnvs();
  mounts.length = 0;
  disk.refused = {};
  disk.before = {};
  disk.opened.length = 0;
  tree.close();
});

const state = (file: string) => fileStat(lstatSync(file, { bigint: true })).fingerprint;
const trash = (file = tree.at('d/a.txt'), watched = tree.at('d')) =>
  new DiskChanges({ roots: () => [watched] }).trash(file, state(file), new AbortController().signal);
const list = (dir: string) => (existsSync(dir) ? readdirSync(dir) : []);
/** What lies in a trash: the path that each record tells, and the content. */
const inTrash = (dir: string) =>
  list(join(dir, 'files')).map((name) => {
    const info = readFileSync(join(dir, 'info', `${name}.trashinfo`), 'utf8');
    return [/^Path=(.*)$/m.exec(info)?.[1], readFileSync(join(dir, 'files', name), 'utf8')];
  });
const isEmpty = (dir: string) => [...list(join(dir, 'files')), ...list(join(dir, 'info'))].length === 0;
/** Somebody else's step, right before the first rename: after the last look. */
const beforeRename = (act: () => void) => {
  disk.before.rename = () => {
    delete disk.before.rename;
    act();
  };
};

/** The file lies with the user's home, or on a drive. */
const WHERE = [
  ['the trash of the home', (): string => join(home, 'Trash'), (): void => void (mounts.length = 0)],
  ['the trash of the drive', (): string => tree.at(OWN), (): void => undefined],
] as const;

describe.each(WHERE)('%s', (_, place, choose) => {
  beforeEach(() => choose());

  it('takes the file, by a rename, with a record that only its owner can read', async () => {
    const { ino } = statSync(tree.at('d/a.txt'));
    await trash();
    expect(existsSync(tree.at('d/a.txt'))).toBe(false);
    const [name] = list(join(place(), 'files'));
    expect(statSync(join(place(), 'files', name!)).ino).toBe(ino);
    const info = join(place(), 'info', `${name}.trashinfo`);
    expect(readFileSync(info, 'utf8')).toMatch(
      /^\[Trash Info\]\nPath=.*d\/a\.txt\nDeletionDate=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\n$/,
    );
    expect(statSync(info).mode & 0o777).toBe(0o600);
    for (const dir of [place(), join(place(), 'files'), join(place(), 'info')]) {
      expect(statSync(dir).mode & 0o777).toBe(0o700);
    }
  });

  it.each([
    ['writes on', (file: string) => appendFileSync(file, NEW), `content${NEW}`],
    [
      'saves by a rename',
      (file: string) => {
        writeFileSync(`${file}.tmp`, NEW);
        renameSync(`${file}.tmp`, file);
      },
      NEW,
    ],
  ])('P13: whoever %s in the last instant finds it in its place', async (_how, write, content) => {
    beforeRename(() => write(tree.at('d/a.txt')));
    await expect(trash()).rejects.toMatchObject({ code: 'local.changed' });
    expect(readFileSync(tree.at('d/a.txt'), 'utf8')).toBe(content);
    expect(isEmpty(place())).toBe(true);
  });

  it('P13: where the place is taken again by then, both are kept', async () => {
    beforeRename(() => appendFileSync(tree.at('d/a.txt'), NEW));
    disk.before.link = () => writeFileSync(tree.at('d/a.txt'), 'another one');
    await expect(trash()).rejects.toMatchObject({ code: 'local.changed' });
    expect(readFileSync(tree.at('d/a.txt'), 'utf8')).toBe('another one');
    expect(inTrash(place())).toEqual([[expect.stringMatching(/d\/a\.txt$/), `content${NEW}`]]);
  });

  it('P13: what changed while the trash was looked for stays', async () => {
    disk.before.writeFile = () => appendFileSync(tree.at('d/a.txt'), NEW);
    await expect(trash()).rejects.toMatchObject({ code: 'local.changed' });
    expect(readFileSync(tree.at('d/a.txt'), 'utf8')).toBe(`content${NEW}`);
    expect(isEmpty(place())).toBe(true);
  });
});

it('the paths of records are absolute at home, relative on a drive, and encoded', async () => {
  const name = 'glob*[a] %41 #ü\n.txt';
  const encoded = 'glob*%5Ba%5D%20%2541%20%23%C3%BC%0A.txt';
  tree.write(`d/${name}`, 'of the drive');
  await trash(tree.at(`d/${name}`));
  expect(inTrash(tree.at(OWN))).toEqual([[`d/${encoded}`, 'of the drive']]);
  mounts.length = 0;
  tree.write(`d/${name}`, 'of the home');
  await trash(tree.at(`d/${name}`));
  expect(inTrash(join(home, 'Trash'))).toEqual([[`${tree.root}/d/${encoded}`, 'of the home']]);
});

it.each([
  ['shared by all and sticky: its part for this user', 0o1777, false],
  ['not sticky: another one', 0o777, true],
])('a .Trash that is %s', async (_, mode, passedOver) => {
  mkdirSync(tree.at('.Trash'));
  chmodSync(tree.at('.Trash'), mode);
  await trash();
  const own = passedOver ? tree.at(OWN) : tree.at(`.Trash/${OWN.slice('.Trash-'.length)}`);
  expect(inTrash(own)).toEqual([['d/a.txt', 'content']]);
});

it.each(['.Trash', OWN])('P13: a link in the place of %s is not followed', async (name) => {
  mkdirSync(join(tree.base, 'elsewhere'));
  chmodSync(join(tree.base, 'elsewhere'), 0o1777);
  symlinkSync(join(tree.base, 'elsewhere'), tree.at(name));
  if (name === OWN) {
    await expect(trash()).rejects.toMatchObject({ code: 'local.trash-failed' });
    expect(readFileSync(tree.at('d/a.txt'), 'utf8')).toBe('content');
  } else {
    await trash();
    expect(inTrash(tree.at(OWN))).toEqual([['d/a.txt', 'content']]);
  }
  expect(list(join(tree.base, 'elsewhere'))).toEqual([]);
});

it.each([
  ['a drive on which nothing can be made', { mkdir: 'EROFS' }, /mkdir is refused/],
  ['a drive on which no record can be written', { writeFile: 'ENOSPC' }, /writeFile is refused/],
  ['a mount that hides the trash', REFUSED['no renames']!, /rename is refused/],
])('P13: %s: the file stays, nothing is copied, and the error says why', async (_, refused, why) => {
  disk.refused = refused;
  await expect(trash()).rejects.toMatchObject({
    code: 'local.trash-failed',
    context: { subject: tree.at('d/a.txt'), detail: expect.stringMatching(why) as string },
  });
  expect(readFileSync(tree.at('d/a.txt'), 'utf8')).toBe('content');
  expect(isEmpty(tree.at(OWN))).toBe(true);
  expect(isEmpty(join(home, 'Trash'))).toBe(true);
});

it('P13: a trash that lies in the watched folder itself is not used: what comes there would go up', async () => {
  tree.mkdir('.Trash');
  chmodSync(tree.at('.Trash'), 0o1777);
  await trash(tree.at('d/a.txt'), tree.root);
  expect(isEmpty(tree.at('.Trash'))).toBe(true);
  // Its name is left out by every scan.
  expect(list(join(tree.at(OWN), 'files'))).toHaveLength(1);
});

it('P9: nothing is moved once nobody wants it any more', async () => {
  const stop = new AbortController();
  const expected = state(tree.at('d/a.txt'));
  stop.abort(new Error('stopped'));
  const trashed = trashFile(tree.at('d/a.txt'), expected, stop.signal, []);
  await expect(trashed).rejects.toThrow('stopped');
  expect(existsSync(tree.at('d/a.txt'))).toBe(true);
  expect(isEmpty(tree.at(OWN))).toBe(true);
});

it('P5: a file that has gone is local.vanished', async () => {
  const expected = state(tree.at('d/a.txt'));
  beforeRename(() => tree.remove('d/a.txt'));
  await expect(trashFile(tree.at('d/a.txt'), expected, new AbortController().signal, [])).rejects.toMatchObject({
    code: 'local.vanished',
  });
  expect(isEmpty(tree.at(OWN))).toBe(true);
});

const SHM = '/dev/shm';
const isOtherDisk = existsSync(SHM) && statSync(SHM).dev !== statSync(import.meta.dirname).dev;

it.runIf(isOtherDisk)('P13: from another file system than that of the home: to the trash there', async () => {
  mounts.length = 0;
  const own = join(SHM, OWN);
  const root = mkdtempSync(join(SHM, 'longshore-trash-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const file = join(root, 'a.txt');
  writeFileSync(file, 'content');
  await new DiskChanges({ roots: () => [root] }).trash(file, state(file), new AbortController().signal);
  const name = list(join(own, 'info')).find((each) =>
    readFileSync(join(own, 'info', each), 'utf8').includes(`Path=${root.slice(SHM.length + 1)}/a.txt\n`),
  );
  const trashed = join(own, 'files', name!.replace(/\.trashinfo$/, ''));
  expect(readFileSync(trashed, 'utf8')).toBe('content');
  expect(existsSync(home)).toBe(false);
  rmSync(trashed);
  rmSync(join(own, 'info', name!));
  try {
    for (const dir of [join(own, 'files'), join(own, 'info'), own]) rmdirSync(dir);
  } catch {
    // Not empty: somebody else's.
  }
});
