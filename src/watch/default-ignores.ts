/**
 * What is left out of every folder unless a rule brings it back (`!pattern`): names that programs give to things that are
 * unfinished, locked, or only of use to one computer. Matched against the base name, in any case of letters.
 *
 * Not in the list, on purpose:
 * - `.git/`, `node_modules/` and other things that developers often leave out: they are a person's content, and a folder
 *   that silently left history out would not be the copy that its owner believes in (P2).
 * - `4913`, the name with which vim probes whether it may write: it lives for microseconds, so the wait for a standing
 *   file never takes it, whereas a person's file of that name would never be taken.
 */
export interface DefaultIgnore {
  /** A name with at most two `*`. */
  readonly pattern: string;
  readonly why: string;
}

/** What Longshore brings into a folder has such a name until it is whole. */
export const PARTIAL_PREFIX = '.longshore-part-';

const BROWSER = 'a download that has not finished';
const MACOS = 'kept by macOS for itself';
const EDITOR = "an editor's lock, swap or recovery file";

export const DEFAULT_IGNORES: readonly DefaultIgnore[] = [
  { pattern: '.longshoreignore', why: 'the rules themselves' },
  { pattern: '.longshore-folder', why: 'the marker by which Longshore knows a mirrored folder' },
  { pattern: '.longshore', why: "Longshore's own files in a folder" },
  { pattern: `${PARTIAL_PREFIX}*`, why: 'a download of Longshore that has not finished' },

  { pattern: '*.tmp', why: 'what most programs write before they rename' },
  { pattern: '*.part', why: BROWSER },
  { pattern: '*.partial', why: BROWSER },
  { pattern: '*.crdownload', why: BROWSER },
  { pattern: '*.download', why: BROWSER },
  { pattern: '*.opdownload', why: BROWSER },
  { pattern: '*.filepart', why: 'a WinSCP transfer that has not finished' },
  { pattern: '*.aria2', why: 'the state of an aria2 download' },
  { pattern: '.goutputstream-*', why: 'what GLib writes before it renames' },

  { pattern: '.~lock.*#', why: 'LibreOffice: who has the document open' },
  { pattern: '~$*', why: 'Microsoft Office: who has the document open' },
  { pattern: '.#*', why: EDITOR },
  { pattern: '#*#', why: EDITOR },
  { pattern: '*~', why: EDITOR },
  { pattern: '*.swp', why: EDITOR },
  { pattern: '.*.swo', why: EDITOR },
  { pattern: '.*.swx', why: EDITOR },
  { pattern: '.*.kate-swp', why: EDITOR },

  { pattern: '.ds_store', why: MACOS },
  { pattern: '._*', why: 'resource forks that macOS writes to foreign disks' },
  { pattern: '.appledouble', why: MACOS },
  { pattern: '.spotlight-v100', why: MACOS },
  { pattern: '.fseventsd', why: MACOS },
  { pattern: '.temporaryitems', why: MACOS },
  { pattern: '.documentrevisions-v100', why: MACOS },
  { pattern: '.trashes', why: 'a trash can: what was deleted' },
  { pattern: '.trash-*', why: 'a trash can: what was deleted' },
  { pattern: '$recycle.bin', why: 'a trash can: what was deleted' },
  { pattern: 'system volume information', why: 'kept by Windows for itself' },
  { pattern: 'thumbs.db', why: 'thumbnails that Windows makes again' },
  { pattern: 'ehthumbs.db', why: 'thumbnails that Windows makes again' },
  { pattern: 'desktop.ini', why: 'how Windows shows the folder' },
  { pattern: 'lost+found', why: 'what a file system check has found' },
  { pattern: '.nfs*', why: 'a deleted file that a program on this NFS client still has open' },
  { pattern: '.fuse_hidden*', why: 'a deleted file that a program still has open' },
];

/** True when the base name is one of DEFAULT_IGNORES. Called for every entry of every scan, so it avoids regular expressions. */
export function ignoredByDefault(name: string): boolean {
  const lower = name.toLowerCase();
  if (EXACT.has(lower)) return true;
  const dot = lower.lastIndexOf('.');
  // A name that is an extension alone (".part") is a name.
  if (dot > 0 && EXTENSIONS.has(lower.slice(dot))) return true;
  for (const { prefix, suffix } of AFFIXES) {
    if (lower.length > prefix.length + suffix.length && lower.startsWith(prefix) && lower.endsWith(suffix)) return true;
  }
  return false;
}

/** Stands in the root of each folder and tells that this is the root that we know. Left out by default-ignores.ts. */
export const MARKER_NAME = '.longshore-folder';

/** What Longshore itself has put there: left out, and nothing that a person would count as ignored. */
export function isOwnName(name: string): boolean {
  return name === MARKER_NAME || name === '.longshore' || name.startsWith(PARTIAL_PREFIX);
}

const EXACT = new Set<string>();
const EXTENSIONS = new Set<string>();
const AFFIXES: { prefix: string; suffix: string }[] = [];

for (const { pattern } of DEFAULT_IGNORES) {
  const star = pattern.lastIndexOf('*');
  if (star === -1) EXACT.add(pattern);
  else if (/^\*\.[^.*]+$/.test(pattern)) EXTENSIONS.add(pattern.slice(1));
  else AFFIXES.push({ prefix: pattern.slice(0, star), suffix: pattern.slice(star + 1) });
}
