/** The database can't be used. Its file is left as it is; the message says what is wrong and what to do. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly kind: 'corrupt' | 'newer' | 'full' | 'unreadable';
  readonly hint: string;

  constructor(kind: DatabaseError['kind'], message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
    this.hint = hint;
  }
}

/** The DatabaseError that a SQLite error means, or null when it is none of these. */
export function asDatabaseError(error: unknown, file: string): DatabaseError | null {
  if (error instanceof DatabaseError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new DatabaseError(
      'corrupt',
      `The database ${file} is damaged.`,
      'Nothing was changed. Keep a copy of the file; then move it away and start again: files already in the storage are recognised there.',
      error,
    );
  }
  if (code === 'SQLITE_FULL') {
    return new DatabaseError('full', `The disk with ${file} is full.`, 'Free some space, then start again.', error);
  }
  if (code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_IOERR')) {
    return new DatabaseError(
      'unreadable',
      `The database ${file} can't be opened or written.`,
      'Check the rights of the file and its directory, and the disk.',
      error,
    );
  }
  return null;
}
