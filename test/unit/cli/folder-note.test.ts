import { expect, test } from 'vitest';
import { folderNote } from '../../../src/cli/folder-note.ts';
import { folderStatus } from '../../support/protocol-fixtures.ts';

test('a folder that is well has no note', () => {
  expect(folderNote(folderStatus())).toBe('');
});

test.each([
  ['watch-limit', 'the system has no file watches left (fs.inotify.max_user_watches)', /Raise this limit/],
  ['watch-broken', 'the watch thread ended (told to die)', /tried again/],
  ['no-marker', "The marker file can't be written: No permission.", /Deletes in this folder are not followed/],
] as const)('P11: %s is told with its reason, what it means, and what follows', (degradedKind, degraded, meaning) => {
  const note = folderNote(folderStatus({ degraded, degradedKind }));
  expect(note).toMatch(meaning);
  expect(note.toLowerCase()).toContain(degraded.toLowerCase().replace(/\.$/, ''));
  expect(note).not.toMatch(/\.\.|^[a-z]/);
});

test('what is worse is told first: an error, then deletes that wait', () => {
  const degraded = { degraded: 'the watch thread ended', degradedKind: 'watch-broken' } as const;
  const guard = { count: 3, of: 4, since: '2026-07-01T12:00:00Z', sample: [] };
  const error = {
    code: 'folder.missing',
    class: 'local',
    message: 'Gone.',
    hint: 'Bring it back.',
    detail: null,
  } as const;
  expect(folderNote(folderStatus({ ...degraded, guard }))).toBe('Deletes wait for your word: longshore deletes drop');
  expect(folderNote(folderStatus({ ...degraded, guard, error }))).toBe('Gone. Bring it back.');
});
