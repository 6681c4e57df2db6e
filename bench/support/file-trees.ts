import { randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const FILES_PER_DIRECTORY = 100;
const STEP_BYTES = 4 * 1024 * 1024;

/** Makes `count` files of random bytes, a hundred to a directory. */
export function makeTree(root: string, count: number, sizeBytes: number): void {
  const content = Buffer.allocUnsafe(sizeBytes);
  for (let index = 0; index < count; index += 1) {
    const directory = join(root, `d${String(Math.floor(index / FILES_PER_DIRECTORY)).padStart(4, '0')}`);
    if (index % FILES_PER_DIRECTORY === 0) mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `file-${String(index).padStart(6, '0')}.bin`), randomFillSync(content));
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
