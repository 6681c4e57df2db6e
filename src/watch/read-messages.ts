import type { ErrorCode } from '../core/error-table.ts';
import type { ErrorContext } from '../core/longshore-error.ts';
import type { Checksum, WantedFile } from '../core/ports.ts';

/** What the reading thread is asked for. The id tells the answer. */
export type ReadOrder = readonly (WantedFile & { readonly id: number })[];

export type ReadResult =
  /** Its bytes stand in the answer's buffer, from `offset` on. */
  | { readonly id: number; readonly offset: number; readonly sizeBytes: number; readonly checksum: Checksum }
  | { readonly id: number; readonly code: ErrorCode; readonly context: ErrorContext };

export type ReadAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'read'; readonly results: readonly ReadResult[]; readonly buffer: ArrayBuffer };
