import type { Fingerprint } from '../core/fingerprint.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import { moveToFreedesktopTrash } from './freedesktop-trash.ts';
import { isInState, lstatOrNull } from './same-file.ts';

/**
 * To the trash of this system: the freedesktop.org one on Linux, the Finder's, the recycle bin. The library for the latter
 * two is loaded when it is first needed: few folders ask for it. A file that is not in the expected state is `local.changed`.
 * No trash is used that lies in one of `watched`: what comes there would go up, and to the trash again. Rejects with the signal's
 * reason where it was aborted before the file was moved.
 */
export async function trashFile(
  file: string,
  expected: Fingerprint,
  signal: AbortSignal,
  watched: readonly string[],
): Promise<void> {
  try {
    if (process.platform === 'linux') {
      await moveToFreedesktopTrash(file, expected, signal, watched);
      return;
    }
    const { default: trash } = await import('trash');
    // Loading it may have taken a while.
    const stats = await lstatOrNull(file);
    if (stats !== null && !isInState(stats, expected)) throw new LongshoreError('local.changed', { subject: file });
    signal.throwIfAborted();
    // A name like "a*.txt" is a name, not a pattern.
    await trash([file], { glob: false });
  } catch (error) {
    if (error instanceof LongshoreError || error === signal.reason) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new LongshoreError('local.trash-failed', { subject: file, detail }, error);
  }
}
