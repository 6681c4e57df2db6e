import { storagePlace } from '../../src/config/storage-place.ts';
import { makeFingerprint, type Fingerprint } from '../../src/core/fingerprint.ts';
import { newOperationId } from '../../src/core/ids.ts';
import type { EpochMs, Random, ScannedDirectory, ScannedFile } from '../../src/core/ports.ts';
import { openInMemory, type WritableDb } from '../../src/db/connection.ts';
import type { NewOperation } from '../../src/db/new-operation.ts';
import { openRepositories, type Repositories } from '../../src/db/repositories.ts';
import { DataKeySealer, type Sealer } from '../../src/db/seal.ts';
import type { OperationChange, StoredOperation } from '../../src/db/stored-operation.ts';
import type { StoredPart, StoredUpload } from '../../src/db/uploads-repo.ts';
import { errorOfCode } from '../../src/sync/settle.ts';
import { folderLane, objectResource, type UploadSpec } from '../../src/sync/specs.ts';
import { CountedRandom, ManualClock } from './manual-clock.ts';

/** The outbox over a database of its own, on a clock that a test moves. */
export interface Outbox {
  readonly db: WritableDb;
  readonly repos: Repositories;
  readonly clock: ManualClock;
  readonly random: Random;
  readonly sealer: Sealer;
}

export function makeOutbox(
  options: { readonly db?: WritableDb; readonly clock?: ManualClock; readonly onChange?: (seq: number) => void } = {},
): Outbox {
  const db = options.db ?? openInMemory();
  const clock = options.clock ?? new ManualClock();
  const random = new CountedRandom();
  const sealer = new DataKeySealer(random.bytes(32));
  return { db, clock, random, sealer, repos: openRepositories(db, clock, random, sealer, options.onChange) };
}

const SOME_FINGERPRINT = fingerprint(1);
export const SOME_PLACE = storagePlace({ endpoint: 'https://s3.example.com', bucket: 'files' });

/** A fingerprint of a file that was last changed at `mtimeMs`. */
export function fingerprint(ino: number, sizeBytes = 100, mtimeMs: EpochMs = 0): Fingerprint {
  const ns = BigInt(mtimeMs) * 1_000_000n;
  return makeFingerprint({ size: BigInt(sizeBytes), mtimeNs: ns, ctimeNs: ns, ino: BigInt(ino), dev: 7n });
}

export function uploadSpecFor(key: string, patch: Partial<UploadSpec> = {}): UploadSpec {
  return {
    key,
    fingerprint: SOME_FINGERPRINT,
    sizeBytes: 100,
    mtimeMs: 0,
    originalName: null,
    hashFirst: false,
    beside: false,
    ...patch,
  };
}

/** Queues the upload of `path` in the folder `drop`, whose keys begin with `drop/` at the destination `main`. */
export function queueUpload(outbox: Outbox, path: string, patch: Partial<NewOperation> = {}): StoredOperation {
  const key = `drop/${path}`;
  return outbox.repos.operations.insert({
    id: newOperationId(outbox.clock, outbox.random),
    kind: 'file.upload',
    priority: 'normal',
    lane: folderLane('drop'),
    target: key,
    resourceKeys: [objectResource('main', key)],
    spec: uploadSpecFor(key),
    folder: 'drop',
    path,
    destination: 'main',
    bytesTotal: 100,
    ...patch,
  });
}

/** What a scheduler does to a row that starts. */
export function lease(outbox: Outbox, operation: StoredOperation, epoch = 1): StoredOperation {
  return must(
    outbox.repos.operations.transition(operation, 'lease', {
      leaseEpoch: epoch,
      leaseAttempt: operation.leaseAttempt + 1,
      startedAt: operation.startedAt ?? outbox.clock.now(),
    }),
  );
}

const SERVER_TROUBLE = errorOfCode('s3.server-error');

/** File systems keep more than whole seconds; one that does not is looked at more patiently (`judge-file.ts`). */
export const FRACTION_MS = 0.5;

/** Brings a fresh operation into the given state by legal steps. */
export function bringTo(
  outbox: Outbox,
  operation: StoredOperation,
  state: StoredOperation['state'],
  change: OperationChange = {},
): StoredOperation {
  const { operations } = outbox.repos;
  const step = (event: Parameters<typeof operations.transition>[1], more: OperationChange = {}) =>
    must(operations.transition(lease(outbox, operation), event, { ...more, ...change }));
  switch (state) {
    case 'pending':
      return must(operations.amend(operation, change));
    case 'running':
      return must(operations.amend(lease(outbox, operation), change));
    case 'waiting':
      return step('retry-later', { dueAt: outbox.clock.now() + 1000, error: SERVER_TROUBLE });
    case 'conflict':
      return step('conflict', { error: errorOfCode('conflict.changed') });
    case 'failed':
      return step('fail', { error: SERVER_TROUBLE });
    case 'compensating':
      return step('compensate');
    case 'succeeded':
      return step('succeed');
    case 'cancelled':
      return must(operations.transition(operation, 'cancel', change));
    case 'superseded':
      return must(operations.transition(operation, 'supersede', change));
  }
}

export function uploadOf(operation: StoredOperation, patch: Partial<StoredUpload> = {}): StoredUpload {
  return {
    operation: operation.id,
    destination: operation.destination ?? 'main',
    place: SOME_PLACE,
    key: operation.target,
    uploadId: 'upload-1',
    intentAt: operation.createdAt,
    sizeBytes: 100,
    partSizeBytes: 40,
    algorithm: 'CRC64NVME',
    fingerprint: SOME_FINGERPRINT,
    ...patch,
  };
}

export function partOf(number: number, patch: Partial<StoredPart> = {}): StoredPart {
  return { number, sizeBytes: 40, checksum: `sum-${number}`, etag: `etag-${number}`, doneAt: 0, ...patch };
}

export function scannedFile(name: string, patch: Partial<ScannedFile> & { readonly ino?: number } = {}): ScannedFile {
  const { ino = 1, ...facts } = patch;
  const mtimeMs = facts.mtimeMs ?? 0;
  const sizeBytes = facts.sizeBytes ?? 100;
  return {
    name,
    sizeBytes,
    mtimeMs,
    ctimeMs: mtimeMs - FRACTION_MS,
    fingerprint: fingerprint(ino, sizeBytes, mtimeMs),
    ...facts,
  };
}

export function scannedDirectory(dir: string, patch: Partial<ScannedDirectory> = {}): ScannedDirectory {
  return {
    dir,
    files: [],
    subdirectories: [],
    problems: [],
    ignored: 0,
    ignoredNames: [],
    volume: '7',
    digest: '',
    complete: true,
    gone: false,
    ...patch,
  };
}

/** The value, or a failed test: where null would be a bug of the test itself. */
export function must<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('there is nothing');
  return value;
}

export function reread(outbox: Outbox, operation: StoredOperation): StoredOperation {
  return must(outbox.repos.operations.byId(operation.id));
}

export function eventTypes(outbox: Outbox, operation: StoredOperation): string[] {
  return outbox.repos.events.list({ operationId: operation.id, limit: 1000 }).map((event) => event.type);
}
