import type { ConflictDeps, ConflictRules } from '../../src/sync/conflicts/conflict-rules.ts';
import type { OperationChange, StoredOperation, StoredVersion } from '../../src/db/stored-operation.ts';
import type { NewOperation } from '../../src/db/new-operation.ts';
import type { StoredFile } from '../../src/db/files-repo.ts';
import { bringTo, fingerprint, makeOutbox, must, queueUpload, reread, type Outbox } from './outbox.ts';

export const MINE: StoredVersion = { etag: 'base', versionId: null, sizeBytes: 5, lastModified: null };
/** When the other device changed its file. */
export const THEIR_MTIME = 5000;
export const THEIRS: StoredVersion = {
  etag: 'theirs',
  versionId: 'v2',
  sizeBytes: 7,
  lastModified: 9000,
  metadata: { 'longshore-mtime': String(THEIR_MTIME), 'longshore-device': 'desktop' },
};

export interface Bench {
  readonly outbox: Outbox;
  readonly deps: ConflictDeps;
  /** The operation in conflict, as it was made. */
  readonly operation: StoredOperation;
  readonly now: () => StoredOperation;
  readonly file: () => StoredFile;
  /** The details of the item's last event. */
  readonly lastEvent: () => {
    readonly type: string;
    readonly source: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
  /** All operations but the one in conflict, oldest first. */
  readonly others: () => StoredOperation[];
}

/** A known file `sub/a.txt` of the folder `drop`, whose upload is brought into `state`. */
export function conflictBench(
  rules: Partial<ConflictRules> = {},
  change: OperationChange = { base: MINE, remote: THEIRS },
  made: Partial<NewOperation> = {},
  state: StoredOperation['state'] = 'conflict',
): Bench {
  const outbox = makeOutbox();
  const { repos, clock, random } = outbox;
  const queued = queueUpload(outbox, 'sub/a.txt', made);
  repos.files.put({
    folder: 'drop',
    dir: 'sub',
    name: 'a.txt',
    key: 'drop/sub/a.txt',
    fingerprint: fingerprint(1),
    sizeBytes: 100,
    mtimeMs: 0,
    base: { etag: 'base', versionId: null },
    checksum: 'CRC64NVME:x',
    operation: queued.id,
  });
  const operation = bringTo(outbox, queued, state, { attempts: 4, ...change });
  const deps: ConflictDeps = {
    repos,
    clock,
    random,
    device: 'laptop',
    rules: () => ({ strategy: 'manual', mode: 'drop', skewMs: 0, place: 'here', ...rules }),
  };
  return {
    outbox,
    deps,
    operation,
    now: () => reread(outbox, operation),
    file: () => must(repos.files.get('drop', 'sub', 'a.txt')),
    lastEvent: () => must(repos.events.latestOf(operation.id, 1)[0]),
    others: () => {
      const all: StoredOperation[] = [];
      for (let seq = 1; seq <= repos.operations.lastSeq(); seq += 1) {
        const found = repos.operations.bySeq(seq);
        if (found !== null && found.id !== operation.id) all.push(found);
      }
      return all;
    },
  };
}
