import type { DeleteRules, FolderMode } from '../config/config-types.ts';
import type { ErrorCode } from '../core/error-table.ts';
import type { Priority } from '../core/operation.ts';
import type { Clock, Random } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StopRunning } from './supersede.ts';

/** The rules of a folder, as the planner needs them. */
export interface PlannedFolder {
  readonly name: string;
  readonly destination: string;
  /** Destination prefix + folder prefix. */
  readonly keyPrefix: string;
  readonly priority: Priority;
  readonly stabilityMs: number;
  readonly mode: FolderMode;
  readonly deletes: DeleteRules;
}

/** The object key of a relative path, or why there can be none. */
export type KeyOf = (
  keyPrefix: string,
  path: string,
) =>
  | { readonly ok: true; readonly key: string; readonly originalName: string | null }
  | { readonly ok: false; readonly code: ErrorCode };

export interface PlannerDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly random: Random;
  readonly stopRunning: StopRunning;
  readonly keyOf: KeyOf;
  readonly contentTypeOf: (name: string) => string;
}
