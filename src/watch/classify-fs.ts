import type { ErrorCode } from '../core/error-table.ts';
import { type ErrorContext, LongshoreError } from '../core/longshore-error.ts';

/**
 * What a system error number means to a file. ELOOP is a symbolic link where a file was (opened with O_NOFOLLOW): the
 * file is gone. A path that the system finds too long is far beyond what a key can hold.
 */
const CODES: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'local.permission',
  EPERM: 'local.permission',
  EROFS: 'local.permission',
  ENOENT: 'local.vanished',
  ENOTDIR: 'local.vanished',
  ELOOP: 'local.vanished',
  EISDIR: 'local.vanished',
  ENOSPC: 'local.disk-full',
  EDQUOT: 'local.disk-full',
  EBUSY: 'local.locked',
  ETXTBSY: 'local.locked',
  EAGAIN: 'local.locked',
  EIO: 'local.io',
  ESTALE: 'local.io',
  ENXIO: 'local.io',
  ENODEV: 'local.io',
  EREMOTEIO: 'local.io',
  ENOMEDIUM: 'local.io',
  ENOTCONN: 'local.io',
  EHOSTDOWN: 'local.io',
  ETIMEDOUT: 'local.io',
  EMFILE: 'local.io',
  ENFILE: 'local.io',
  UNKNOWN: 'local.io',
  ENAMETOOLONG: 's3.key-too-long',
};

/** The system's error number as text ("ENOENT"), or null when the error has none. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** The code of a failed file system call; `internal.unknown` for one that is not in the list. */
export function fsErrorCode(error: unknown): ErrorCode {
  return CODES[errnoOf(error) ?? ''] ?? 'internal.unknown';
}

/** A failed file system call as a LongshoreError, with the system's own words and the path. */
export function classifyFs(error: unknown, path: string): LongshoreError {
  if (error instanceof LongshoreError) return error;
  const errno = errnoOf(error);
  const context: ErrorContext = {
    detail: error instanceof Error ? error.message : String(error),
    subject: path,
    ...(errno === null ? {} : { serviceCode: errno }),
  };
  return new LongshoreError(fsErrorCode(error), context, error);
}
