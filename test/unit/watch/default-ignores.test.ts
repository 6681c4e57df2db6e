import { describe, expect, it } from 'vitest';
import { DEFAULT_IGNORES, ignoredByDefault } from '../../../src/watch/default-ignores.ts';

describe('the names that are left out by default', () => {
  it.each([
    '.~lock.budget.ods#',
    '~$report.docx',
    'a.tmp',
    'A.TMP',
    'film.mkv.part',
    'x.partial',
    'x.crdownload',
    'x.download',
    '.DS_Store',
    'Thumbs.db',
    'desktop.ini',
    '.notes.txt.swp',
    'notes.txt~',
    '.#notes',
    '#notes#',
    '.longshoreignore',
    '.longshore',
    '.Trash-1000',
    'lost+found',
    '._photo.jpg',
    '$RECYCLE.BIN',
    '.nfs0000000001',
    '.goutputstream-4ABC12',
  ])('%s is left out', (name) => {
    expect(ignoredByDefault(name)).toBe(true);
  });

  it.each([
    'report.docx',
    'tmp',
    '.tmp',
    'part',
    'a.tmp.txt',
    'party',
    'a.parts',
    '~',
    '~notes',
    'notes~1',
    '#1 song.mp3',
    '##',
    'desktop.ini.txt',
    '.git',
    'node_modules',
    '4913',
    '.env',
    '.trash',
    'lost',
    'backup.bak',
    '',
  ])('%s is taken', (name) => {
    expect(ignoredByDefault(name)).toBe(false);
  });

  it('every pattern leaves out a name that it describes, and says why', () => {
    for (const { pattern, why } of DEFAULT_IGNORES) {
      expect(ignoredByDefault(pattern.replaceAll('*', 'xyz')), pattern).toBe(true);
      expect(pattern, 'patterns are compared in lower case').toBe(pattern.toLowerCase());
      expect(why).not.toBe('');
    }
  });
});
