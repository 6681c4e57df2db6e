import path from 'node:path';
import { LongshoreError } from '../core/longshore-error.ts';

/** "name (1000).ext" is taken too: then something else is wrong. */
const MAX_NAMES = 1000;

/** "name", "name (2)" and on: what a file may be called in the archive. */
export function* archiveNames(archivePath: string): Generator<string, void, void> {
  const { dir, name, ext } = path.parse(archivePath);
  yield archivePath;
  for (let count = 2; count <= MAX_NAMES; count += 1) yield path.join(dir, `${name} (${count})${ext}`);
}

export function noNameLeft(archivePath: string): LongshoreError {
  return new LongshoreError('local.io', { subject: archivePath, detail: `there are ${MAX_NAMES} files of this name` });
}
