import type { StatusView } from '../protocol/shapes.ts';

type FolderStatus = StatusView['folders'][number];

/** What each kind of half-working means for the person, after the reason that the engine gives. */
const MEANING: Readonly<Record<NonNullable<FolderStatus['degradedKind']>, string>> = {
  'scan-broken':
    'Changes in this folder are not found until it can be looked through again, which is tried at least once a minute.',
  'watch-limit':
    'Not every change is seen at once; more frequent scans find the rest. Raise this limit of the system to end it.',
  'watch-broken': 'Not every change is seen at once; more frequent scans find the rest. The watch is tried again.',
  'no-marker': 'Deletes in this folder are not followed until it can be written.',
};

/** What is the matter with a folder, and the way out; empty when all is well. */
export function folderNote({ name, error, degraded, degradedKind, guard }: FolderStatus): string {
  // The hint is for all folders; here its command is to be copied.
  if (error !== null) return `${error.message} ${error.hint.replace('adopt NAME', `adopt ${name}`)}`;
  if (guard !== null) return `Deletes wait for your word: longshore deletes ${name}`;
  if (degraded === null) return '';
  const sentence = `${degraded.charAt(0).toUpperCase()}${degraded.slice(1).replace(/\.$/, '')}.`;
  return `${sentence} ${MEANING[degradedKind ?? 'watch-broken']}`;
}
