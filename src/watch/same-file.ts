import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { parseFingerprint, type Fingerprint } from '../core/fingerprint.ts';
import { classifyFs, fsErrorCode } from './classify-fs.ts';
import { fileStat } from './file-stat.ts';

/** Without following a final link; null when nothing is there. */
export async function lstatOrNull(file: string): Promise<BigIntStats | null> {
  try {
    return await lstat(file, { bigint: true });
  } catch (error) {
    if (fsErrorCode(error) === 'local.vanished') return null;
    throw classifyFs(error, file);
  }
}

/** A regular file in exactly this state. */
export function isInState(stats: BigIntStats, expected: Fingerprint): boolean {
  return stats.isFile() && fileStat(stats).fingerprint === expected;
}

/** The same file with the same content, whatever became of its name: renames, links and modes move the ctime alone. */
export function isSameContent(stats: BigIntStats, expected: Fingerprint): boolean {
  const { size, mtimeNs, ino, dev } = parseFingerprint(expected);
  return stats.isFile() && stats.size === size && stats.mtimeNs === mtimeNs && stats.ino === ino && stats.dev === dev;
}

export function isSameInode(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}
