import type {
  LocalChanges,
  LocalFiles,
  ObjectStore,
  ObjectVersion,
  Checksum,
  ChecksumAlgorithm,
  Clock,
  EpochMs,
  RemoteVersion,
  WriteReply,
} from '../../core/ports.ts';
import type { Repositories } from '../../db/repositories.ts';
import type { StoredOperation } from '../../db/stored-operation.ts';
import type { BufferPool } from '../../resilience/buffer-pool.ts';
import type { TransferPermits } from '../../resilience/transfer-pool.ts';
import type { ConditionalWrite } from '../capabilities/capabilities.ts';
import type { AutomaticDecisions } from '../conflicts/automatic-decisions.ts';
import type { Attempt } from '../outcome.ts';
import type { UploadSpec } from '../specs.ts';
import type { SourceFile } from './source-file.ts';

/** A destination as the executors need it: its store, its rules, and its budget of transfers. */
export interface UploadTarget {
  readonly name: string;
  /** Where it is, as stored with what is left to be done there. */
  readonly place: string;
  readonly store: ObjectStore;
  readonly partSizeBytes: number;
  /** Parts of one file that are sent at once. */
  readonly partConcurrency: number;
  /** PUTs and parts of all files that are sent at once. */
  readonly transfers: TransferPermits;
  readonly checksumAlgorithm: ChecksumAlgorithm;
  /** Metadata that every object gets. */
  readonly device: string;
  /** Whether the service is known to honour the condition of such a write: else a look right before stands in. */
  honours(write: ConditionalWrite): boolean;
  /** As `Conditioned` has it. */
  refuses?(write: ConditionalWrite): boolean;
  heardRefusal?(write: ConditionalWrite): void;
  /** Where a person or a program finds the object, without signature. */
  objectUrl(key: string): string;
  /** The time as the service has it: ours, corrected by what its replies have told. */
  serviceNow(): EpochMs;
}

export interface UploadDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly files: LocalFiles;
  readonly changes: Pick<LocalChanges, 'trash'>;
  readonly conflicts: AutomaticDecisions;
  readonly buffers: BufferPool;
  /** The destination by name; null when the configuration has it no longer. */
  target(destination: string): UploadTarget | null;
  /** The absolute path of an operation's file; null when its folder is not configured any more. */
  localPath(operation: StoredOperation): string | null;
  /** The directory of this file deserves a look: it was not as the inventory says. */
  hintDirty(operation: StoredOperation): void;
  /** Something is done with the file afterwards: that the storage has its content is looked up, not concluded. */
  needsProof?(operation: StoredOperation): boolean;
}

/** What one attempt at one upload works with. */
export interface UploadRun {
  readonly deps: UploadDeps;
  readonly operation: StoredOperation;
  readonly spec: UploadSpec;
  readonly target: UploadTarget;
  readonly attempt: Attempt;
  readonly source: SourceFile;
  /** The service has these bytes under another key: parts are copied there, not sent. */
  readonly copyFrom?: ObjectVersion;
}

/** A write that the service accepted. */
export interface Written {
  readonly reply: WriteReply;
  /** The full-object checksum of what we sent. */
  readonly checksum: Checksum;
  /** Null for a single PUT. */
  readonly partSizeBytes: number | null;
}

export type Base = RemoteVersion | null;
