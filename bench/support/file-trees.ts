import { randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FILES_PER_DIRECTORY = 100;
const STEP_BYTES = 4 * 1024 * 1024;

/** Where the file of this index stands in a tree, relative to its root. */
export function treePath(index: number): string {
  const directory = `d${String(Math.floor(index / FILES_PER_DIRECTORY)).padStart(4, '0')}`;
  return join(directory, `file-${String(index).padStart(6, '0')}.bin`);
}

/** Makes `count` files of random bytes, a hundred to a directory. */
export function makeTree(root: string, count: number, sizeBytes: number): void {
  const content = Buffer.allocUnsafe(sizeBytes);
  for (let index = 0; index < count; index += 1) {
    const path = join(root, treePath(index));
    if (index % FILES_PER_DIRECTORY === 0) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, randomFillSync(content));
  }
}

const GROUP_DIRECTORIES = 4;
const GROUP_FILES = 500;
/** Files of one group of `makeGroups`. */
export const FILES_PER_GROUP = GROUP_DIRECTORIES * GROUP_FILES;

/** Makes `count` files of a few bytes, in groups of four directories with 500 files each. */
export function makeGroups(root: string, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const group = join(root, `g${Math.floor(index / FILES_PER_GROUP)}`);
    const directory = join(group, `d${Math.floor((index % FILES_PER_GROUP) / GROUP_FILES)}`);
    if (index % GROUP_FILES === 0) mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `file-${String(index).padStart(7, '0')}.bin`), String(index));
  }
}

/** Makes one file of random bytes. */
export function makeFile(path: string, sizeBytes: number): void {
  const content = Buffer.allocUnsafe(STEP_BYTES);
  const descriptor = openSync(path, 'w');
  try {
    for (let written = 0; written < sizeBytes; written += STEP_BYTES) {
      writeSync(descriptor, randomFillSync(content), 0, Math.min(STEP_BYTES, sizeBytes - written));
    }
  } finally {
    closeSync(descriptor);
  }
}
