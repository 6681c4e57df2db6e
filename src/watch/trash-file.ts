import { LongshoreError } from '../core/longshore-error.ts';

/**
 * To the trash of this system: the freedesktop.org one on Linux, the Finder's, the recycle bin. The library is loaded when
 * it is first needed: few folders ask for it.
 */
export async function trashFile(file: string): Promise<void> {
  try {
    const { default: trash } = await import('trash');
    // A name like "a*.txt" is a name, not a pattern.
    await trash([file], { glob: false });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new LongshoreError('local.trash-failed', { subject: file, detail }, error);
  }
}
