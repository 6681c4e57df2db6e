import type { ConflictStrategy, FolderMode } from '../../config/config-types.ts';
import type { Clock, EpochMs, Random } from '../../core/ports.ts';
import type { Repositories } from '../../db/repositories.ts';
import type { StoredFile } from '../../db/files-repo.ts';
import type { StoredOperation, StoredVersion } from '../../db/stored-operation.ts';
import { fileOf } from '../upload/inventory-file.ts';
import { joinPath } from '../paths.ts';
import { moveSpec, uploadSpec, type MoveMemo } from '../specs.ts';

/** What a folder says about conflicts. */
export interface ConflictRules {
  readonly strategy: ConflictStrategy;
  readonly mode: FolderMode;
  /** How far the destination's clock is ahead of ours, ms. */
  readonly skewMs: number;
  /** Where the folder's files go; null where the configuration has no such folder. */
  readonly place: string | null;
}

export interface ConflictDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly random: Random;
  /** The name of this machine, in names of copies kept beside. */
  readonly device: string;
  /** The rules of an operation's folder; of one that is not configured any more: manual, drop. */
  rules(operation: StoredOperation): ConflictRules;
}

/** The file that a conflict is about, and the key where the other side stands. */
export interface ConflictSubject {
  readonly here: 'edited' | 'gone';
  readonly key: string;
  readonly path: string;
  /** Where `here` is `edited`: the local state that one side of the conflict is. */
  readonly local: {
    readonly fingerprint: StoredFile['fingerprint'];
    readonly sizeBytes: number;
    readonly mtimeMs: EpochMs;
  } | null;
  /** The inventory's row; null when the file is not known any more. */
  readonly file: StoredFile | null;
}

/**
 * What the conflict of a file's operation is about. Of a move it is the new name until the object stands there; from then on
 * it is the old name, which the move is to take away.
 */
export function conflictSubject(repos: Repositories, operation: StoredOperation): ConflictSubject {
  if (operation.kind === 'file.move' && (operation.memo as MoveMemo).placed !== undefined) {
    const { fromKey, fromPath } = moveSpec(operation);
    const file = fileOf({ repos }, { ...operation, path: fromPath });
    return { here: 'gone', key: fromKey, path: fromPath, local: null, file };
  }
  const file = fileOf({ repos }, operation);
  const path = operation.path ?? (file === null ? '' : joinPath(file.dir, file.name));
  if (operation.kind === 'file.delete') return { here: 'gone', key: operation.target, path, local: null, file };
  const { key, fingerprint, sizeBytes, mtimeMs } = uploadSpec(operation);
  return { here: 'edited', key, path, local: { fingerprint, sizeBytes, mtimeMs }, file };
}

/** What was met at the key, against what was expected there. */
export interface FoundConflict {
  readonly code: 'conflict.exists' | 'conflict.changed' | 'conflict.deleted';
  readonly base: StoredVersion | null;
  readonly remote: StoredVersion | null;
}
