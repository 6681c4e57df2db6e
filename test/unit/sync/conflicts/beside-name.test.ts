import { describe, expect, it } from 'vitest';
import { besideName } from '../../../../src/sync/conflicts/beside-name.ts';

describe('besideName', () => {
  const at = Date.UTC(2026, 9, 2, 3, 4, 5, 678);
  const mark = '(conflict laptop 2026-10-02 03-04-05)';

  it.each([
    ['a.txt', `a ${mark}.txt`],
    ['dir.d/a', `dir.d/a ${mark}`],
    ['dir/.bashrc', `dir/.bashrc ${mark}`],
    ['x/archive.tar.gz', `x/archive.tar ${mark}.gz`],
    ['x/dot.', `x/dot ${mark}.`],
  ])('%s → %s', (key, expected) => {
    expect(besideName(key, 'laptop', at)).toBe(expected);
  });

  it('counts from the second name on', () => {
    expect(besideName('a.txt', 'laptop', at, 1)).toBe(`a ${mark}.txt`);
    expect(besideName('a.txt', 'laptop', at, 3)).toBe('a (conflict laptop 2026-10-02 03-04-05 3).txt');
  });

  it.each(['../my/laptop', 'C:\\PC', 'a\nb', '*?"<>|'])('stays in its directory on a device called %j', (device) => {
    const name = besideName('a/b.txt', device, at);
    expect(name.split('/')).toHaveLength(2);
    expect(name.slice(2)).not.toMatch(/[\\:*?"<>|\n]/);
  });

  it.each([
    ['long', 'x'.repeat(300)],
    ['of many bytes', '名'.repeat(100)],
    ['of emoji', '👩‍👩‍👧‍👦'.repeat(20)],
    ['with a long extension', `a.${'e'.repeat(400)}`],
  ])('fits into 255 bytes, whole characters, when the name is %s', (_title, name) => {
    const beside = besideName(`dir/${name}`, '名'.repeat(100), at, 12);
    expect(beside.startsWith('dir/')).toBe(true);
    expect(Buffer.byteLength(beside.slice(4))).toBeLessThanOrEqual(255);
    expect(beside.isWellFormed()).toBe(true);
    expect(beside).toContain('2026-10-02 03-04-05 12)');
  });
});
