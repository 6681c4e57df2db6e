import { createHash } from 'node:crypto';
import type { ScannedDirectory } from '../core/ports.ts';
import type { FileColumns } from './file-columns.ts';

/** A scanned directory inside the scan thread: its files as columns. */
export interface DirectoryListing extends Omit<ScannedDirectory, 'files'> {
  readonly files: FileColumns;
}

/** 128 bits: among a billion directories the chance of one equal pair is below 10⁻²⁰. */
const DIGEST_BYTES = 16;

/** What `ScannedDirectory.digest` says: over everything that the listing tells. */
export function listingDigest(found: Omit<DirectoryListing, 'digest' | 'complete' | 'gone'>): string {
  const { files, subdirectories, problems, ignoredNames, volume } = found;
  return createHash('sha256')
    .update(JSON.stringify([files.names, subdirectories, problems, ignoredNames, volume]))
    .update(files.numbers())
    .digest('hex')
    .slice(0, DIGEST_BYTES * 2);
}
