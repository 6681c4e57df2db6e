import { closeSync, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { makeFingerprint } from '../core/fingerprint.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { WantedFile } from '../core/ports.ts';
import { otherKind } from './file-stat.ts';
import { OPEN_FLAGS } from './open-flags.ts';

/**
 * `LocalFiles.readWhole` with synchronous calls, for threads in which nobody minds. Fills `into`, which is as long as the file
 * is to be. Throws LongshoreError or a system error.
 */
export function readNow({ path, fingerprint }: WantedFile, into: Uint8Array): void {
  const descriptor = openSync(path, OPEN_FLAGS);
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    if (stats.isDirectory()) throw new LongshoreError('local.vanished', { detail: 'a directory', subject: path });
    if (!stats.isFile()) throw new LongshoreError('local.not-a-file', { detail: otherKind(stats), subject: path });
    const changed = () => new LongshoreError('local.changed', { subject: path });
    if (makeFingerprint(stats) !== fingerprint) throw changed();
    let filled = 0;
    while (filled < into.length) {
      const count = readSync(descriptor, into, filled, into.length - filled, filled);
      if (count === 0) throw changed();
      filled += count;
    }
    if (makeFingerprint(lstatSync(path, { bigint: true })) !== fingerprint) throw changed();
  } finally {
    closeSync(descriptor);
  }
}
