import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { newOperationId } from '../../src/core/ids.ts';
import type { Clock, ScannedDirectory, ScannedFile } from '../../src/core/ports.ts';
import { openWritable } from '../../src/db/connection.ts';
import { openRepositories, type Repositories } from '../../src/db/repositories.ts';
import { systemClock, systemRandom } from '../../src/engine/system-clock.ts';
import { openDataKey } from '../../src/engine/data-key.ts';
import { databaseFile } from '../../src/engine/engine.ts';
import { joinPath } from '../../src/sync/paths.ts';
import { folderLane, objectResource, type UploadSpec } from '../../src/sync/specs.ts';
import { objectKey } from '../../src/watch/object-key.ts';
import { ThreadScanner } from '../../src/watch/thread-scanner.ts';

export interface Seed {
  readonly dataDir: string;
  readonly folder: { readonly name: string; readonly root: string; readonly place: string };
  readonly destination: string;
  readonly keyPrefix: string;
  /** What the sink gives for every object. */
  readonly etag: string;
  /** With the operations and the events that the uploads would have left, made this long ago, ms; null: without. */
  readonly historyAgeMs: number | null;
}

/**
 * Makes the database what it is after every file of a folder was uploaded, through the engine's own scanner and
 * repositories: uploads of a million files would take half an hour. A first scan has to find nothing to do, which shows
 * that the rows are right. Returns how many files it holds.
 */
export async function seedInventory(seed: Seed): Promise<number> {
  mkdirSync(seed.dataDir, { recursive: true, mode: 0o700 });
  const db = openWritable(databaseFile(seed.dataDir));
  // What is seeded need not survive a crash of this machine.
  db.pragma('synchronous = OFF');
  const ageMs = seed.historyAgeMs ?? 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() - ageMs };
  const { sealer } = openDataKey(seed.dataDir);
  const repos = openRepositories(db, clock, systemRandom, sealer);
  const workerUrl = new URL('../../src/watch/scan-worker.ts', import.meta.url);
  const scanner = new ThreadScanner({ workerUrl, clock: systemClock });
  const { name, root, place } = seed.folder;
  let files = 0;
  try {
    const epoch = repos.runs.start(process.pid, clock.now());
    repos.folders.ensure(name, root);
    repos.folders.setPlace(name, place, 0);
    const summary = await scanner.scan(
      {
        root,
        ignore: [],
        maxFileSizeBytes: Number.MAX_SAFE_INTEGER,
        minFileSizeBytes: 0,
        under: [{ dir: '', below: true }],
      },
      (batch) => {
        repos.transaction(() => {
          for (const directory of batch) files += seedDirectory(seed, repos, clock, epoch, directory);
        });
      },
      new AbortController().signal,
    );
    if (summary.root.kind !== 'healthy') throw new Error(`the tree can't be read: ${summary.root.kind}`);
    repos.folders.setVolume(name, summary.volume);
    repos.folders.setScanned(name, clock.now(), 0);
    repos.runs.end(epoch, clock.now());
    return files;
  } finally {
    await scanner.close();
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
  }
}

function seedDirectory(
  seed: Seed,
  repos: Repositories,
  clock: Clock,
  epoch: number,
  { dir, files }: ScannedDirectory,
): number {
  for (const file of files) {
    const made = objectKey(seed.keyPrefix, joinPath(dir, file.name));
    if (!made.ok) throw new Error(`a seeded file has no key: ${dir}/${file.name}`);
    const operation =
      seed.historyAgeMs === null
        ? newOperationId(clock, systemRandom)
        : finishedUpload(seed, repos, clock, epoch, made.key, joinPath(dir, file.name), file);
    repos.files.put({
      folder: seed.folder.name,
      dir,
      name: file.name,
      key: made.key,
      fingerprint: file.fingerprint,
      sizeBytes: file.sizeBytes,
      mtimeMs: Math.floor(file.mtimeMs),
      base: { etag: seed.etag, versionId: null },
      checksum: `CRC64NVME:${randomBytes(8).toString('base64')}`,
      operation,
    });
  }
  return files.length;
}

/** The row of the outbox and its three events. */
function finishedUpload(
  seed: Seed,
  repos: Repositories,
  clock: Clock,
  epoch: number,
  key: string,
  path: string,
  { sizeBytes, mtimeMs, fingerprint }: ScannedFile,
): string {
  const spec: UploadSpec = {
    key,
    fingerprint,
    sizeBytes,
    mtimeMs,
    originalName: null,
    hashFirst: false,
    beside: false,
  };
  const queued = repos.operations.insert(
    {
      id: newOperationId(clock, systemRandom),
      kind: 'file.upload',
      priority: 'normal',
      lane: folderLane(seed.folder.name),
      target: key,
      resourceKeys: [objectResource(seed.destination, key)],
      spec,
      folder: seed.folder.name,
      path,
      destination: seed.destination,
      contentType: 'application/octet-stream',
      bytesTotal: sizeBytes,
    },
    { sizeBytes, key },
  );
  const leased = repos.operations.transition(queued, 'lease', { leaseEpoch: epoch, leaseAttempt: 1 });
  if (leased === null) throw new Error('a seeded operation could not be leased');
  repos.operations.transition(leased, 'succeed', { attempts: 1 });
  return queued.id;
}
