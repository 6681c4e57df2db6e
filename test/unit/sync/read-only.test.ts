import { describe, expect, it } from 'vitest';
import { sourceFiles } from '../../support/source-files.ts';

/** The layers that meet users' files. */
const LAYERS = ['src/core', 'src/watch', 'src/sync', 'src/remote', 'src/resilience'];
/** All that these layers may take from node:fs: nothing that makes, changes or removes a file. */
const READS = new Set([
  'constants',
  'open',
  'openSync',
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

interface Import {
  readonly path: string;
  readonly names: readonly string[];
  readonly text: string;
}

const imports: Import[] = LAYERS.flatMap(sourceFiles).flatMap(({ path, text }) =>
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
