import { checksumOf } from '../core/checksum.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { LocalFiles, WantedFile, WholeFile } from '../core/ports.ts';

/** `LocalFiles.readWhole` by the port's other calls, one after the other: for a disk that can do no better. */
export async function readInSteps(
  files: Pick<LocalFiles, 'open' | 'stat'>,
  { path, fingerprint, sizeBytes, algorithm }: WantedFile,
  signal: AbortSignal,
): Promise<WholeFile> {
  signal.throwIfAborted();
  const changed = () => new LongshoreError('local.changed', { subject: path });
  const bytes = new Uint8Array(sizeBytes);
  const file = await files.open(path);
  try {
    if ((await file.stat()).fingerprint !== fingerprint) throw changed();
    if ((await file.read(bytes, 0)) !== sizeBytes) throw changed();
    const inPlace = await files.stat(path);
    if (inPlace === null) throw new LongshoreError('local.vanished', { subject: path });
    if (inPlace.fingerprint !== fingerprint) throw changed();
  } finally {
    await file.close();
  }
  signal.throwIfAborted();
  return { bytes, checksum: await checksumOf(algorithm, bytes) };
}
