import { LongshoreError } from '../core/longshore-error.ts';
import { classifyFs } from './classify-fs.ts';

/** These are told as they are, wherever they happened. */
const PLAIN: ReadonlySet<string> = new Set(['local.changed', 'local.disk-full', 'local.io', 'local.locked']);

/**
 * What failed in the archive is no verdict on the user's file: that it vanished, or may not be read. `file` is the user's;
 * `error` what the move of it into the archive ended with.
 */
export function archiveTrouble(error: unknown, file: string | null, archivePath: string): LongshoreError {
  const failure = classifyFs(error, archivePath);
  if (PLAIN.has(failure.code) || (file !== null && failure.context.subject === file)) return failure;
  return new LongshoreError('local.archive-failed', failure.context, error);
}
