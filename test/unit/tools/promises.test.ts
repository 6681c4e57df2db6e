import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProblems, linksOf, PROMISES, promisesNamedIn, sectionsOf } from '../../../tools/check/promises.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A repository in which every promise is kept, and the document that says so. */
function repository(
  files: Readonly<Record<string, string>> = {},
  edit: (text: string) => string = (text) => text,
): string {
  const root = tempDir();
  const quote = "'";
  const named = PROMISES.map((promise) => `it(${quote}${promise}: holds${quote})`).join('\n');
  const text = PROMISES.map(
    (promise) => `## ${promise} Something\n[code](src/a.ts) [one](test/unit/a.test.ts) [two](test/crash/a.test.ts)\n`,
  ).join('\n');
  const all = {
    'src/a.ts': '',
    'test/unit/a.test.ts': named,
    'test/crash/a.test.ts': named,
    'INVARIANTS.md': edit(text),
    ...files,
  };
  for (const [path, content] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

const problems = (...args: Parameters<typeof repository>) => findProblems(repository(...args), 'INVARIANTS.md');

describe('the check of INVARIANTS.md', () => {
  it('is content where every promise is kept', () => {
    expect(problems()).toEqual([]);
  });

  it('finds a dead link', () => {
    expect(problems({}, (text) => `${text}\n[gone](docs/gone.md)`)).toEqual([expect.stringContaining('docs/gone.md')]);
  });

  it('finds a promise without a section, or with two', () => {
    expect(problems({}, (text) => text.replace('## P13 ', '## Other '))).toEqual([expect.stringContaining('P13')]);
    expect(problems({}, (text) => `${text}\n## P4 again\n`)).toEqual([expect.stringContaining('2 sections about P4')]);
  });

  it('finds a promise without code', () => {
    const found = problems({}, (text) => text.replace('## P2 Something\n[code](src/a.ts)', '## P2 Something\n'));
    expect(found).toEqual([expect.stringContaining('P2 names no code')]);
  });

  it('finds a linked file in which no test is named after the promise', () => {
    const without = PROMISES.filter((promise) => promise !== 'P1').map((promise) => `it('${promise}: x')`);
    const found = problems({ 'test/unit/a.test.ts': without.join('\n') });
    expect(found).toEqual([
      expect.stringContaining('P1 links test/unit/a.test.ts'),
      expect.stringContaining('P1 is tested at 1 level'),
    ]);
  });

  it('finds a promise that the whole engine is not tested for', () => {
    const found = problems({}, (text) => text.replace(/(## P7[^#]*)\[two\]\(test\/crash\/a\.test\.ts\)/, '$1'));
    expect(found).toEqual([
      expect.stringContaining('P7 links no test of its name in test/simulation or test/crash'),
      expect.stringContaining('P7 is tested at 1 level'),
    ]);
  });

  it('takes a folder for the tests in it', () => {
    expect(problems({}, (text) => text.replaceAll('test/crash/a.test.ts', 'test/crash'))).toEqual([]);
  });
});

describe('names of tests', () => {
  it('carry promises at their beginning', () => {
    const source = `it('P1: a'); describe("P8, P11: b"); it.each([\`P3 c\`]); it('after P4'); // P5`;
    expect([...promisesNamedIn(source)].toSorted()).toEqual(['P1', 'P11', 'P3', 'P8']);
    expect([...promisesNamedIn("it('P12: a')")]).toEqual(['P12']);
  });

  it('are linked relatively, with or without an anchor', () => {
    expect(linksOf('[a](b.md#c) [d](https://example.com) [e](#f) [g](../h.ts)')).toEqual(['b.md', '../h.ts']);
    expect(sectionsOf('# T\n[x](y)\n## P1 One\n[a](b)\n## Other\n[c](d)')).toEqual([{ promise: 'P1', links: ['b'] }]);
  });
});
