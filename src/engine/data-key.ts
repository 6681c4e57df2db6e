import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_KEY_BYTES, DataKeySealer, type Sealer } from '../db/seal.ts';

/** The data key can't be read or is not one. */
export class DataKeyError extends Error {
  override readonly name = 'DataKeyError';
  readonly hint =
    'Restore the file from a backup. Without it the secrets and queued calls of this data directory stay sealed.';
}

export function keyFilePath(dataDir: string): string {
  return join(dataDir, 'data.key');
}

/**
 * The key that seals secrets and queued calls: a file of the user's own (0600), made at the first start. Call it only
 * under the engine's lock. `created` tells that a word about it is due.
 */
export function openDataKey(dataDir: string): { readonly sealer: Sealer; readonly created: boolean } {
  const existing = readKey(dataDir);
  if (existing !== null) return { sealer: new DataKeySealer(existing), created: false };
  const key = randomBytes(DATA_KEY_BYTES);
  const file = keyFilePath(dataDir);
  const temporary = `${file}.tmp`;
  rmSync(temporary, { force: true });
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(descriptor, `${key.toString('base64')}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
  return { sealer: new DataKeySealer(key), created: true };
}

/** The sealer for reading only; null where there is no key yet. */
export function readDataKey(dataDir: string): Sealer | null {
  const key = readKey(dataDir);
  return key === null ? null : new DataKeySealer(key);
}

function readKey(dataDir: string): Uint8Array | null {
  let text: string;
  try {
    text = readFileSync(keyFilePath(dataDir), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new DataKeyError(`The key file ${keyFilePath(dataDir)} can't be read.`, { cause: error });
  }
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== DATA_KEY_BYTES) throw new DataKeyError(`The key file ${keyFilePath(dataDir)} is damaged.`);
  return key;
}
