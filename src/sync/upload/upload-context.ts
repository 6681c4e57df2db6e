import type {
  LocalFiles,
  ObjectStore,
  Checksum,
  ChecksumAlgorithm,
  Clock,
  RemoteVersion,
  WriteReply,
} from '../../core/ports.ts';
import type { Repositories } from '../../db/repositories.ts';
import type { StoredOperation } from '../../db/stored-operation.ts';
import type { BufferPool } from '../../resilience/buffer-pool.ts';
import type { Permits } from '../../resilience/permits.ts';
import type { Attempt } from '../outcome.ts';
import type { UploadSpec } from '../specs.ts';
import type { SourceFile } from './source-file.ts';

/** A destination as the executors need it: its store, its rules, and its budget of transfers. */
export interface UploadTarget {
  readonly name: string;
  readonly store: ObjectStore;
  readonly partSizeBytes: number;
  /** Parts of one file that are sent at once. */
  readonly partConcurrency: number;
  /** PUTs and parts of all files that are sent at once. */
  readonly transfers: Permits;
  readonly checksumAlgorithm: ChecksumAlgorithm;
  /** Metadata that every object gets. */
  readonly device: string;
  /** Where a person or a program finds the object, without signature. */
  objectUrl(key: string): string;
}

export interface UploadDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly files: LocalFiles;
  readonly buffers: BufferPool;
  /** The destination by name; null when the configuration has it no longer. */
  target(destination: string): UploadTarget | null;
  /** The absolute path of an operation's file; null when its folder is not configured any more. */
  localPath(operation: StoredOperation): string | null;
  /** The directory of this file deserves a look: it was not as the inventory says. */
  hintDirty(operation: StoredOperation): void;
}

/** What one attempt at one upload works with. */
export interface UploadRun {
  readonly deps: UploadDeps;
  readonly operation: StoredOperation;
  readonly spec: UploadSpec;
  readonly target: UploadTarget;
  readonly attempt: Attempt;
  readonly source: SourceFile;
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
