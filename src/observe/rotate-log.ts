import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';

export const LOG_FILE_SIZE_BYTES = 2 * 1024 * 1024;
/** The file itself and so many older ones, the one with 1 the youngest. */
const OLDER_FILES = 4;

/** Makes room: the oldest goes, each of the others becomes one older. */
export function rotateLog(file: string): void {
  const { dir, name, ext } = path.parse(file);
  const older = (count: number): string => path.join(dir, `${name}.${count}${ext}`);
  rmSync(older(OLDER_FILES), { force: true });
  for (let count = OLDER_FILES - 1; count >= 0; count -= 1) {
    try {
      renameSync(count === 0 ? file : older(count), older(count + 1));
    } catch {
      // There are not that many yet. A file that can't be renamed grows on: better than losing what it holds.
    }
  }
}
