import { asDatabaseError } from '../db/database-error.ts';
import type { Repositories } from '../db/repositories.ts';
import type { GateKeeper } from '../sync/gate-keeper.ts';
import type { CoreHooks } from './sync-core-ports.ts';

/** With less room than this the database would be full again at the next burst, bytes. */
const ROOM_BYTES = 1024 * 1024;
/** What is written on trial: more than fits into the pages that happen to be free, bytes. */
const TRIAL_BYTES = 64 * 1024;

export interface DiskRoomDeps {
  readonly gates: GateKeeper;
  /** Where the database lies. */
  readonly dataDir: string;
  readonly repos: Repositories;
  /** The gate may stand otherwise now. */
  readonly onChange: (this: void) => void;
  /** There is room again: what was put off is taken up. */
  readonly onRoom: (this: void) => void;
  /** For the log; called at every refusal. */
  readonly onTrouble: (this: void, error: unknown) => void;
}

/**
 * Whether the database has room to grow. A write that was refused for want of it shuts the gate for everything; it opens by
 * itself once there is room and a trial write, which nothing else depends on, has succeeded. A write that happens to fit into
 * what the database has already proves nothing.
 */
export class DiskRoom {
  readonly #deps: DiskRoomDeps;

  constructor(deps: DiskRoomDeps) {
    this.#deps = deps;
  }

  /** True, and the gate is shut, when this error says that the database's disk is full. */
  isFull(error: unknown): boolean {
    const { gates, dataDir, onChange, onTrouble } = this.#deps;
    if (asDatabaseError(error, dataDir)?.kind !== 'full') return false;
    onTrouble(new Error(`The disk with ${dataDir} is full: nothing can be recorded, so everything waits for room.`));
    if (gates.diskFull) return true;
    gates.setDiskFull(true);
    onChange();
    return true;
  }

  /** The disk was looked at. */
  looked(freeBytes: number): void {
    const { gates, onChange } = this.#deps;
    const before = gates.diskLow;
    gates.setFreeDisk(freeBytes);
    if (gates.diskFull) {
      this.#makeRoom();
      if (freeBytes >= ROOM_BYTES) this.#try();
    }
    if (before !== gates.diskLow) onChange();
  }

  /** The database's log may take most of the room that there was: it is written back and cut off. */
  #makeRoom(): void {
    try {
      this.#deps.repos.retention.checkpoint();
    } catch {
      // No room for that either.
    }
  }

  #try(): void {
    const { gates, repos, onRoom } = this.#deps;
    try {
      repos.transaction(() => {
        repos.settings.set('disk-trial', 'x'.repeat(TRIAL_BYTES));
      });
      repos.settings.set('disk-trial', '');
    } catch (error) {
      // Whatever else is wrong with the database shows where it is written next.
      if (asDatabaseError(error, '')?.kind === 'full') return;
    }
    gates.setDiskFull(false);
    onRoom();
  }
}

/** The hooks, where a full disk of the database is no trouble of the part that met it, and no reason to end the engine. */
export function withoutFullDisks(hooks: CoreHooks, room: DiskRoom): CoreHooks {
  return {
    onChange: () => {
      hooks.onChange();
    },
    onTrouble: (where, error) => {
      if (!room.isFull(error)) hooks.onTrouble(where, error);
    },
    onFatal: (error) => {
      if (!room.isFull(error)) hooks.onFatal(error);
    },
  };
}
