import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addToFolder } from '../../../src/engine/add-to-folder.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A watched folder with one file, and a place that files come from. */
function makeBench() {
  const base = tempDir();
  const [root, from] = [join(base, 'Drop'), join(base, 'from')];
  mkdirSync(root);
  mkdirSync(from);
  writeFileSync(join(root, 'a.txt'), 'there before');
  const file = (name: string, text: string) => {
    writeFileSync(join(from, name), text);
    return join(from, name);
  };
  const inside = () =>
    Object.fromEntries(
      readdirSync(root)
        .toSorted((a, b) => (a < b ? -1 : 1))
        .map((name) => [name, readFileSync(join(root, name), 'utf8')]),
    );
  return { base, root, from, file, inside };
}

describe('P13: what is added to a folder', () => {
  it('replaces nothing: a taken name gets a number', async () => {
    const { root, file, inside } = makeBench();
    const path = file('a.txt', 'new');
    expect(await addToFolder(root, [path, path])).toEqual({ copied: 2, refused: [] });
    expect(inside()).toEqual({ 'a (2).txt': 'new', 'a (3).txt': 'new', 'a.txt': 'there before' });
  });

  it('is a copy: the original stays, with its times', async () => {
    const { root, file } = makeBench();
    const path = file('b.txt', 'mine');
    utimesSync(path, 1_000_000, 1_000_000);
    await addToFolder(root, [path]);
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(statSync(join(root, 'b.txt')).mtimeMs).toBe(1_000_000_000);
  });

  it('takes whole directories, and does not follow a link over what is there', async () => {
    const { root, from, file } = makeBench();
    mkdirSync(join(from, 'sub'));
    file('sub/x', '1');
    symlinkSync(join(root, 'a.txt'), join(root, 'sub'));
    expect(await addToFolder(root, [join(from, 'sub')])).toEqual({ copied: 1, refused: [] });
    expect(readFileSync(join(root, 'sub (2)', 'x'), 'utf8')).toBe('1');
    expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('there before');
  });

  it('refuses one by one what can’t be added, and says why', async () => {
    const { base, root, file, inside } = makeBench();
    const missing = join(base, 'missing');
    const result = await addToFolder(root, [join(root, 'a.txt'), base, missing, file('c', 'c')]);
    expect(result.copied).toBe(1);
    expect(result.refused.map(({ path }) => path)).toEqual([join(root, 'a.txt'), base, missing]);
    expect(result.refused.map(({ reason }) => reason).slice(0, 2)).toEqual([
      'it is in the folder already',
      'it contains the folder',
    ]);
    expect(Object.keys(inside())).toEqual(['a.txt', 'c']);
    expect((await addToFolder(missing, [base])).refused).toEqual([{ path: base, reason: 'the folder is not there' }]);
  });
});
