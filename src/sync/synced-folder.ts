import type { LongshoreError } from '../core/longshore-error.ts';
import type { Clock, EpochMs, Scanner, Watcher } from '../core/ports.ts';
import type { StoredGuard } from '../db/folders-repo.ts';
import type { PlannedFolder } from './planned-folder.ts';
import type { Planner } from './planner.ts';
import type { RootHealthDeps } from './root-health.ts';
import type { StalePartials } from './stale-partials.ts';
import type { StopRunning } from './supersede.ts';

export interface SyncedFolder extends PlannedFolder {
  readonly root: string;
  readonly ignore: readonly string[];
  readonly maxFileSizeBytes: number;
  readonly minFileSizeBytes: number;
  /** Longest time between two full scans; null: adaptive. */
  readonly scanIntervalMs: number | null;
  /** Where the files go: destination, service, bucket and prefix. Another place is another inventory. */
  readonly place: string;
  /** What is known of gone files is kept this long. */
  readonly keepGoneMs: number;
}

export interface FolderSyncDeps extends RootHealthDeps {
  readonly clock: Clock;
  readonly scanner: Scanner;
  readonly watcher: Watcher;
  readonly planner: Planner;
  readonly stopRunning: StopRunning;
  /** The disk or the database is in trouble: nothing is concluded from what is not there. */
  readonly inTrouble: () => boolean;
  /** Something was queued, or the folder's state changed. */
  readonly onChange: (folder: string) => void;
  /** A scan broke and is done again. */
  readonly onTrouble: (folder: string, error: unknown) => void;
  readonly onFatal: (error: unknown) => void;
  readonly stalePartials?: StalePartials;
}

export interface Degraded {
  /** Looks that break, one after the other; limits of the system on watching; a watch that failed otherwise; a marker that can't be written. */
  readonly kind: 'scan-broken' | 'watch-limit' | 'watch-broken' | 'no-marker';
  readonly reason: string;
}

export interface FolderState {
  readonly scanning: boolean;
  readonly frozen: LongshoreError | null;
  /** It works, and something of it does not work as it should. */
  readonly degraded: Degraded | null;
  /** The first full scan is done, and nothing is dirty or settling. */
  readonly settled: boolean;
  /** Files are still changing on disk. */
  readonly settling: boolean;
  /** More deletes than a person may have meant wait for a word. */
  readonly guard: StoredGuard | null;
  /** When the next objects follow their deleted files; null: none does, or they wait for a person or an operation. */
  readonly deletesAt: EpochMs | null;
}
