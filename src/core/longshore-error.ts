import { errorEntry, type ErrorClass, type ErrorCode } from './error-table.ts';

/** Facts about a failure; safe to log and to show: never a credential, token or signature (P12). */
export interface ErrorContext {
  /** Further words: the service's own where `detailFrom` says so, else the system's or ours. */
  readonly detail?: string;
  /** Set where `detail` is what a service said in its reply. */
  readonly detailFrom?: 'service';
  /** HTTP status of the reply. */
  readonly status?: number;
  /** The service asks to wait that long, ms. */
  readonly retryAfterMs?: number;
  /** True when the request may have reached the service, so that its effect is unknown. */
  readonly sent?: boolean;
  /** A path, key or URL without query that the failure is about. */
  readonly subject?: string;
  /** The service's own error code. */
  readonly serviceCode?: string;
}

/** A failure with a code from the one table. Made only where a foreign error is met (`classify-*`), and by executors. */
export class LongshoreError extends Error {
  override readonly name = 'LongshoreError';
  readonly code: ErrorCode;
  readonly class: ErrorClass;
  readonly hint: string;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, context: ErrorContext = {}, cause?: unknown) {
    const entry = errorEntry(code);
    super(entry.en.message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.class = entry.class;
    this.hint = entry.en.hint;
    this.context = context;
  }
}

/** The failure as is, or an unexpected error wrapped as `internal.unknown` with its original text. */
export function toLongshoreError(error: unknown): LongshoreError {
  if (error instanceof LongshoreError) return error;
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new LongshoreError('internal.unknown', { detail: detail.slice(0, 2000) }, error);
}
