import type { BigIntStats } from 'node:fs';
import { makeFingerprint } from '../core/fingerprint.ts';
import type { FileStat } from '../core/ports.ts';

/** What the system says of a file, as the engine keeps it. */
export function fileStat(stats: BigIntStats): FileStat {
  return {
    kind: kindOf(stats),
    sizeBytes: Number(stats.size),
    mtimeMs: Number(stats.mtimeMs),
    ctimeMs: Number(stats.ctimeMs),
    fingerprint: makeFingerprint(stats),
  };
}

function kindOf(stats: BigIntStats): FileStat['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : 'other';
}

/** How people call what is neither a file, a directory nor a link. */
export function otherKind(stats: BigIntStats): string {
  if (stats.isSocket()) return 'a socket';
  if (stats.isFIFO()) return 'a named pipe';
  return stats.isBlockDevice() || stats.isCharacterDevice() ? 'a device' : 'not a regular file';
}
