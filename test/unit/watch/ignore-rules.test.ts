import { describe, expect, it } from 'vitest';
import { anchorPattern } from '../../../src/watch/anchor-pattern.ts';
import { IgnoreRules } from '../../../src/watch/ignore-rules.ts';

/** Judges a path as a walk does: each directory on the way first. */
function leftOut(rules: IgnoreRules, path: string): boolean {
  const parts = path.split('/');
  return parts.some((name, index) => {
    const last = index === parts.length - 1;
    return rules.ignores(parts.slice(0, index + 1).join('/'), name, last ? 'file' : 'directory');
  });
}

describe('IgnoreRules', () => {
  it('the last rule that matches wins: defaults, files from the root down, the folder', () => {
    const rules = IgnoreRules.ofFolder(['*.c', '!a.d']).withFile('', '!x.tmp\n*.d\n!b.c\n*.e').withFile('sub', '!k.e');
    expect(leftOut(rules, 'y.tmp')).toBe(true);
    expect(leftOut(rules, 'x.tmp')).toBe(false);
    expect(leftOut(rules, 'b.c')).toBe(true);
    expect(leftOut(rules, 'a.d')).toBe(false);
    expect(leftOut(rules, 'b.d')).toBe(true);
    expect(leftOut(rules, 'k.e')).toBe(true);
    expect(leftOut(rules, 'sub/k.e')).toBe(false);
    expect(leftOut(rules, 'sub/deep/k.e')).toBe(false);
  });

  it('a nested file counts below its directory only, whatever characters the directory has', () => {
    const dir = 'we[i]rd *? !#\\dir ';
    const rules = IgnoreRules.ofFolder([]).withFile(dir, '/top\nmid/x\nany\ndironly/\n');
    expect(leftOut(rules, `${dir}/top`)).toBe(true);
    expect(leftOut(rules, `${dir}/deep/top`)).toBe(false);
    expect(leftOut(rules, `${dir}/mid/x`)).toBe(true);
    expect(leftOut(rules, `${dir}/deep/mid/x`)).toBe(false);
    expect(leftOut(rules, `${dir}/any`)).toBe(true);
    expect(leftOut(rules, `${dir}/deep/any`)).toBe(true);
    expect(leftOut(rules, `${dir}/deep/dironly/f`)).toBe(true);
    expect(leftOut(rules, `${dir}/deep/dironly`)).toBe(false);
    expect(leftOut(rules, 'any')).toBe(false);
    expect(leftOut(rules, 'weird *? !#dir /any')).toBe(false);
  });

  it('a directory brought back by a nested file is walked, though a rule above names it', () => {
    const rules = IgnoreRules.ofFolder([]).withFile('', 'cache/').withFile('a', '!cache/');
    expect(leftOut(rules, 'a/cache/f')).toBe(false);
    expect(leftOut(rules, 'b/cache/f')).toBe(true);
  });

  it('comments, blank lines, CRLF, a byte order mark, escapes and trailing blanks are read as git reads them', () => {
    const rules = IgnoreRules.ofFolder([]).withFile(
      'd',
      '\uFEFF*.one\r\n# c\r\n\r\n\\#two  \r\n\\!three\r\nfour\\ \r\n!',
    );
    for (const name of ['x.one', '#two', '!three', 'four ']) expect(leftOut(rules, `d/${name}`), name).toBe(true);
    for (const name of ['# c', 'c', 'two', 'three', 'four', 'f']) expect(leftOut(rules, `d/${name}`), name).toBe(false);
  });

  it('nonsense is no rule and breaks nothing', () => {
    const rules = IgnoreRules.ofFolder(['[', '\\', '[z-a]', '/', '**', '!**', '***/[[:nope:]]']).withFile(
      '',
      `${'*a'.repeat(500)}\n(((\n`,
    );
    expect(leftOut(rules, 'file')).toBe(false);
  });

  it('answers the same after its matcher was made anew', () => {
    const rules = IgnoreRules.ofFolder(['*.bak']);
    for (let index = 0; index < 45_000; index += 1) rules.ignores(`d/${index}`, String(index), 'file');
    expect(leftOut(rules, 'd/x.bak')).toBe(true);
    expect(leftOut(rules, 'd/x')).toBe(false);
  });
});

describe('anchorPattern', () => {
  it('keeps lines of the root as they are', () => {
    expect(anchorPattern('a/b', '')).toBe('a/b');
    expect(anchorPattern('# no', '')).toBeNull();
    expect(anchorPattern('   ', 'd')).toBeNull();
  });
});
