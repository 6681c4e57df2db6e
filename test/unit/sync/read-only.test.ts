import { describe, expect, it } from 'vitest';
import { sourceFiles } from '../../support/source-files.ts';

/** The layers that meet users' files. */
const LAYERS = ['src/core', 'src/watch', 'src/sync', 'src/remote', 'src/resilience'];
/** All that these layers may take from node:fs: nothing that makes, changes or removes a file. */
const READS = new Set([
  'constants',
  'open',
  'openSync',
  'close',
  'read',
  'fstat',
  'closeSync',
  'readSync',
  'readFile',
  'readFileSync',
  'fstatSync',
  'lstat',
  'lstatSync',
  'stat',
  'statSync',
  'readdir',
  'readdirSync',
  'opendir',
  'realpath',
  'realpathSync',
  'existsSync',
  'watch',
]);

/** The adapter of `LocalChanges`, the one port through which files are changed, and only where users chose it. */
const CHANGERS = new Set([
  'src/watch/archive-file.ts',
  'src/watch/archive-reservation.ts',
  'src/watch/confined-path.ts',
  'src/watch/freedesktop-trash.ts',
  'src/watch/local-changes.ts',
  'src/watch/marker-file.ts',
  'src/watch/partial-file.ts',
  'src/watch/place-file.ts',
  'src/watch/sync-directory.ts',
  'src/watch/trash-file.ts',
  'src/watch/trash-places.ts',
]);

interface Import {
  readonly path: string;
  readonly names: readonly string[];
  readonly text: string;
}

const sources = LAYERS.flatMap(sourceFiles);
const imports: Import[] = sources
  .filter(({ path }) => !CHANGERS.has(path))
  .flatMap(({ path, text }) =>
    [...text.matchAll(/import (?!type )([^;]*?) from '(?:node:)?(?:fs|fs\/promises|fs-extra)'/g)].map((match) => ({
      path,
      text,
      names: (match[1] ?? '')
        .replaceAll(/[{}]/g, '')
        .split(',')
        .map((name) => name.trim().replace(/ as .*/s, ''))
        .filter((name) => name !== '' && !name.startsWith('type ')),
    })),
  );

describe('P13: the code that meets users’ files', () => {
  it('is found', () => {
    expect(imports.map(({ path }) => path)).toContain('src/watch/local-files.ts');
  });

  it('leaves changes to one adapter, which only the composition root takes', () => {
    expect([...CHANGERS].filter((path) => !sources.some((source) => source.path === path))).toEqual([]);
    const takers = sources.filter(({ path, text }) => {
      const names = [...text.matchAll(/from '\.[^']*\/([^/']+)\.ts'/g)].map((match) => `src/watch/${match[1]}.ts`);
      return !CHANGERS.has(path) && names.some((name) => CHANGERS.has(name));
    });
    expect(takers.map(({ path }) => path)).toEqual([]);
  });

  it.each(imports)('takes only what reads: $path', ({ names }) => {
    expect(names.filter((name) => !READS.has(name))).toEqual([]);
  });

  it.each(imports.filter(({ names }) => names.some((name) => name.startsWith('open'))))(
    'opens nothing for writing: $path',
    ({ text }) => {
      expect(text).not.toMatch(/O_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND)/);
      expect(text).not.toMatch(/\bopen(?:Sync)?\([^)]*'[raw]\+?x?'/);
    },
  );
});
