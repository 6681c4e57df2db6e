import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { ScanProblem } from '../core/ports.ts';
import { errnoOf, fsErrorCode } from './classify-fs.ts';
import { IGNORE_FILE_MAX_BYTES, type IgnoreRules } from './ignore-rules.ts';
import { scanProblem } from './scan-problem.ts';

export const IGNORE_FILE = '.longshoreignore';

const FLAGS =
  constants.O_RDONLY |
  ((constants as Partial<typeof constants>).O_NOFOLLOW ?? 0) |
  ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0);

/**
 * The rules with those of the directory's own ignore file, if it has one. A problem when that file can't be read: then
 * nothing may be taken from the directory, since it might be what its owner wants to keep at home.
 */
export function readIgnoreFile(rules: IgnoreRules, absolute: string, dir: string): IgnoreRules | ScanProblem {
  let descriptor: number;
  try {
    descriptor = openSync(`${absolute}/${IGNORE_FILE}`, FLAGS);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return rules;
    if (fsErrorCode(error) !== 'local.vanished') return scanProblem(IGNORE_FILE, error);
    return { name: IGNORE_FILE, code: 'local.not-a-file', detail: 'a link' };
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return { name: IGNORE_FILE, code: 'local.not-a-file', detail: 'not a regular file' };
    if (stats.size > IGNORE_FILE_MAX_BYTES) {
      return { name: IGNORE_FILE, code: 'local.too-large', detail: `${stats.size} bytes of ${IGNORE_FILE_MAX_BYTES}` };
    }
    return rules.withFile(dir, readFileSync(descriptor, 'utf8'));
  } catch (error) {
    return scanProblem(IGNORE_FILE, error);
  } finally {
    closeSync(descriptor);
  }
}
