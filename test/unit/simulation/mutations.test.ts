import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../../tools/setup/paths.ts';
import { MUTATIONS } from '../../simulation/mutations/mutations.ts';
import { ScratchTree } from '../../simulation/mutations/scratch-tree.ts';

const MIGRATIONS = 'src/db/migrations/';

describe('mutations of the product', () => {
  const tree = new ScratchTree(repositoryRoot);
  afterAll(() => {
    tree.remove();
  });

  it('each has its place in the source as it is now, and can be taken back', () => {
    const gone = MUTATIONS.flatMap((mutation) => {
      const applied = tree.apply(mutation);
      if (applied.kind === 'no-place') return [`${mutation.name}: ${applied.reason}`];
      applied.undo();
      return [];
    });
    expect(gone).toEqual([]);
  });

  it('one of the schema stands in the latest migration that says so', () => {
    const migrations = readdirSync(join(repositoryRoot, MIGRATIONS)).toSorted();
    const overruled = MUTATIONS.flatMap((mutation) => [mutation, ...(mutation.also ?? [])]).filter(
      ({ file, find }) =>
        file.startsWith(MIGRATIONS) &&
        migrations
          .filter((name) => name > basename(file))
          .some((name) => readFileSync(join(repositoryRoot, MIGRATIONS, name), 'utf8').includes(find)),
    );
    expect(overruled).toEqual([]);
  });

  it('each has a name of its own', () => {
    expect(new Set(MUTATIONS.map(({ name }) => name)).size).toBe(MUTATIONS.length);
  });

  it('there is one for every promise that the simulation checks', () => {
    const broken = new Set(MUTATIONS.flatMap(({ breaks }) => breaks.split(' ')));
    const promises = ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9', 'P13', 'copies', 'guard', 'quiet'];
    expect(promises.filter((promise) => !broken.has(promise))).toEqual([]);
  });
});
