import type { Clock, Random } from '../core/ports.ts';
import { AfterUploadsRepo } from './after-uploads-repo.ts';
import { ClaimsRepo } from './claims-repo.ts';
import { CleanupsRepo } from './cleanups-repo.ts';
import type { ReadableDb } from './connection.ts';
import { DirectoriesRepo } from './directories-repo.ts';
import { EngineRunsRepo } from './engine-runs-repo.ts';
import { EventsRepo } from './events-repo.ts';
import { FilesRepo } from './files-repo.ts';
import { FoldersRepo } from './folders-repo.ts';
import { OperationsRepo } from './operations-repo.ts';
import { PausesRepo } from './pauses-repo.ts';
import { QueueQueries } from './queue-queries.ts';
import { QueuedDeletesRepo } from './queued-deletes-repo.ts';
import type { Sealer } from './seal.ts';
import { RetentionRepo } from './retention-repo.ts';
import { SecretsRepo } from './secrets-repo.ts';
import { SettingsRepo } from './settings-repo.ts';
import { SharedCommits } from './shared-commits.ts';
import { TombstonesRepo } from './tombstones-repo.ts';
import { UploadsRepo } from './uploads-repo.ts';

/** All repositories over one connection, and the transaction that spans them. */
export interface Repositories {
  readonly operations: OperationsRepo;
  readonly claims: ClaimsRepo;
  readonly queue: QueueQueries;
  readonly events: EventsRepo;
  readonly uploads: UploadsRepo;
  readonly cleanups: CleanupsRepo;
  readonly afterUploads: AfterUploadsRepo;
  readonly files: FilesRepo;
  readonly directories: DirectoriesRepo;
  readonly tombstones: TombstonesRepo;
  readonly queuedDeletes: QueuedDeletesRepo;
  readonly folders: FoldersRepo;
  readonly pauses: PausesRepo;
  readonly secrets: SecretsRepo;
  readonly settings: SettingsRepo;
  readonly runs: EngineRunsRepo;
  readonly retention: RetentionRepo;
  /** Runs `work` in one transaction; an exception rolls all of it back. May be nested. What was to be inserted soon is. */
  transaction<T>(work: () => T): T;
  /**
   * The same for a checkpoint of one among many attempts: what several ask for in one turn of the loop is one commit. Resolves
   * when it is on the disk. `work` finds what the others have written, and may run twice; it does nothing but write here.
   */
  checkpoint<T>(work: () => T): Promise<T>;
}

export function openRepositories(
  db: ReadableDb,
  clock: Clock,
  random: Random,
  sealer: Sealer,
  onOperationChange?: (seq: number) => void,
): Repositories {
  const events = new EventsRepo(db, clock, random);
  const operations = new OperationsRepo(db, clock, events, onOperationChange);
  const run = db.transaction((work: () => unknown) => operations.collecting(work));
  const transaction = <T>(work: () => T): T => {
    // What the outer transaction collected is not lost with an inner one that comes to nothing.
    operations.flush();
    return run.immediate(work) as T;
  };
  const shared = new SharedCommits(clock, transaction);
  return {
    operations,
    claims: new ClaimsRepo(db),
    queue: new QueueQueries(db),
    events,
    uploads: new UploadsRepo(db),
    cleanups: new CleanupsRepo(db),
    afterUploads: new AfterUploadsRepo(db),
    files: new FilesRepo(db),
    directories: new DirectoriesRepo(db),
    tombstones: new TombstonesRepo(db),
    queuedDeletes: new QueuedDeletesRepo(db),
    folders: new FoldersRepo(db),
    pauses: new PausesRepo(db),
    secrets: new SecretsRepo(db, sealer),
    settings: new SettingsRepo(db),
    runs: new EngineRunsRepo(db),
    retention: new RetentionRepo(db),
    transaction,
    checkpoint: (work) => shared.run(work),
  };
}
