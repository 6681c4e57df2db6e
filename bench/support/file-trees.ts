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
