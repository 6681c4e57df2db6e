import type { OperationId } from '../core/ids.ts';
import type { Priority } from '../core/operation.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import { folderLane, objectResource, type DownloadSpec } from './specs.ts';

export interface DownloadOrder {
  readonly id: OperationId;
  readonly priority: Priority;
  readonly folder: string;
  readonly destination: string;
  /** Relative to the folder, as it will stand on the disk. */
  readonly path: string;
  readonly spec: DownloadSpec;
  /** Null while nobody has looked. */
  readonly bytesTotal: number | null;
  readonly contentType?: string;
}

/** Queues the download of an object into a folder, whoever asked for it. In the caller's transaction. */
export function insertDownload(
  repos: Repositories,
  order: DownloadOrder,
  details: Readonly<Record<string, unknown>>,
): StoredOperation {
  const { folder, destination, spec } = order;
  const place = {
    kind: 'file.download',
    lane: folderLane(folder),
    target: spec.key,
    resourceKeys: [objectResource(destination, spec.key)],
  } as const;
  return repos.operations.insert({ ...order, ...place }, details);
}
