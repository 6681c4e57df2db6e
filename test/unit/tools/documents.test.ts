import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { documentsOf, findLost } from '../../../tools/check/documents.ts';
import { repositoryRoot } from '../../../tools/setup/paths.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A small repository with this README; a second document stands in docs/. */
function lost(readme: string): string[] {
  const root = tempDir();
  const files = {
    'package.json': '{ "scripts": { "test:unit": "x" } }',
    'src/sync/planner.ts': '',
    'src/cli/commands/ls.ts': "program.command('ls')",
    'docs/cli.md': 'See `planner.ts` and `../README.md`.',
    'README.md': readme,
  };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  expect(documentsOf(root)).toEqual(['README.md', 'docs/cli.md']);
  return findLost(root, documentsOf(root));
}

it.each([
  'a link to [docs](docs/cli.md#part)',
  'a path: `src/sync/planner.ts`, a folder: `src/sync`, its end: `sync/planner.ts`, all: `src/*/planner.ts`',
  'a script: `npm run test:unit`',
  'a command: `longshore ls --state failed`; a sentence about what longshore does',
  'what is no path of ours: `2026/11/21`, `drop/a.txt`, `https://example.com/a.ts`, `file.upload`',
])('what is there is found: %s', (text) => {
  expect(lost(text)).toEqual([]);
});

it.each([
  ['[gone](docs/gone.md)', 'docs/gone.md'],
  ['`src/sync/gone.ts`', 'src/sync/gone.ts'],
  ['`gone.ts`', 'gone.ts'],
  ['`sync/gone.ts`', 'sync/gone.ts'],
  ['`src/*/gone.ts`', 'src/*/gone.ts'],
  ['`npm run gone`', 'npm run gone'],
  ['`longshore gone`', 'gone'],
  ['```sh\nlongshore gone --all\n```', 'gone'],
])('what is not there is told: %s', (text, name) => {
  expect(lost(text)).toEqual([`README.md names ${name}, which is not there`]);
});

it('the documents of this repository name nothing that is not there', () => {
  expect(findLost(repositoryRoot, documentsOf(repositoryRoot))).toEqual([]);
});
