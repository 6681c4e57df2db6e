import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** DESIGN's promises, P1 to P13. */
export const PROMISES = Array.from({ length: 13 }, (_, index) => `P${index + 1}`);
/** The levels at which the whole engine is put to the test; a promise needs one of these, and one more. */
const WHOLE_ENGINE = ['simulation', 'crash'];

/** What INVARIANTS.md says of one promise. */
export interface Section {
  readonly promise: string;
  /** Relative to the repository, with "/". */
  readonly links: readonly string[];
}

/** The sections `## Pn …` of the document, each with its relative links. */
export function sectionsOf(markdown: string): Section[] {
  return markdown.split(/^## /m).flatMap((text) => {
    const promise = /^(P\d+)\b/.exec(text)?.[1];
    return promise === undefined ? [] : [{ promise, links: linksOf(text) }];
  });
}

/** Targets of the relative links of a text, without anchors. */
export function linksOf(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => (match[1] ?? '').replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/i.test(target));
}

/** The promises that tests of a file carry in their names: `it('P3: …')`, `describe('P8, P11: …')`, rows of `it.each`. */
export function promisesNamedIn(source: string): Set<string> {
  const named = [...source.matchAll(/(['"`])(P\d{1,2}(?:, P\d{1,2})*)\b/g)];
  return new Set(named.flatMap((match) => (match[2] ?? '').split(', ')));
}

/** Everything that is wrong with the document, in words; empty when each promise is kept by what it names. */
export function findProblems(root: string, document: string): string[] {
  const markdown = readFileSync(join(root, document), 'utf8');
  const dead = linksOf(markdown)
    .filter((link) => !existsSync(resolve(root, dirname(document), link)))
    .map((link) => `${document} links ${link}, which is not there`);
  const sections = sectionsOf(markdown);
  const wrong = PROMISES.flatMap((promise) => {
    const own = sections.filter((section) => section.promise === promise);
    const [section] = own;
    if (section === undefined || own.length > 1) return [`${document} has ${own.length} sections about ${promise}`];
    return problemsOf(root, section);
  });
  return [...dead, ...wrong];
}

function problemsOf(root: string, { promise, links }: Section): string[] {
  const problems: string[] = [];
  if (!links.some((link) => link.startsWith('src/'))) problems.push(`${promise} names no code that keeps it`);
  const levels = new Set<string>();
  for (const link of links.filter((each) => each.startsWith('test/') && existsSync(join(root, each)))) {
    const tests = testFiles(root, link).filter((file) => promisesNamedIn(readFileSync(file, 'utf8')).has(promise));
    if (tests.length === 0) problems.push(`${promise} links ${link}, where no test is named after it`);
    for (const file of tests) levels.add(relative(root, file).split(sep)[1] ?? '');
  }
  if (!WHOLE_ENGINE.some((level) => levels.has(level))) {
    problems.push(`${promise} links no test of its name in test/simulation or test/crash`);
  }
  if (levels.size < 2) problems.push(`${promise} is tested at ${levels.size} level(s); it takes two`);
  return problems;
}

/** The test file itself, or those of a folder. */
function testFiles(root: string, link: string): string[] {
  const path = join(root, link);
  if (/\.tsx?$/.test(link)) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.test\.tsx?$/.test(name))
    .map((name) => join(path, name));
}
