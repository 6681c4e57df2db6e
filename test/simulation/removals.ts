import type { FolderConfig, LongshoreConfig } from '../../src/config/config-types.ts';
import type { Version } from './object-history.ts';
import { leavesOut, placeOf } from './machine-config.ts';
import type { OperationFacts } from './outbox-view.ts';
import type { Machine } from './parties.ts';

/** Files of one folder that a person deleted in one instant. */
interface Batch {
  readonly folder: string;
  readonly atMs: number;
  /** Relative paths of those that the storage has. */
  readonly paths: string[];
  /** Files that the folder had then, as the inventory knew it. */
  readonly of: number;
}

interface Removal {
  /** The first time since the storage got what it has: a file that came back in between may not have been seen. */
  readonly firstAtMs: number;
  readonly atMs: number;
  /** Null when the file was renamed, not deleted. */
  readonly batch: Batch | null;
}

/** Deletes that are due are judged within this, ms: a look that could not conclude anything is repeated after five seconds. */
const JUDGED_MS = 30_000;
/** Until a folder has settled in under other rules and looked at everything once, ms: a look that breaks comes back within a minute. */
const SETTLING_MS = 120_000;

/** What people have removed from the folders, and whether a delete in the storage follows from it. */
export class Removals {
  readonly #machine: Machine;
  readonly #removed = new Map<string, Removal>();
  #batches: Batch[] = [];
  /** Folders whose mass delete a person has allowed, and when. */
  readonly allowed = new Map<string, number>();
  /** Folders whose mass delete a person has refused: what was deleted here stays there. */
  readonly refused = new Set<string>();
  /** What was removed while the folder had no marker, or before it had other rules: nothing needs to follow from it. */
  readonly unfollowed = new Set<string>();
  /** When folders got other rules. */
  readonly #changed = new Map<string, number>();

  constructor(machine: Machine) {
    this.#machine = machine;
    machine.disk.onRemoved((paths, how) => {
      this.#took(paths, how);
    });
  }

  /** When a person last took this file from its place; null: never. */
  removedAt(path: string): number | null {
    return this.#removed.get(path.normalize('NFC'))?.atMs ?? null;
  }

  #took(paths: readonly string[], how: 'deleted' | 'renamed'): void {
    const { configuration, outbox } = this.#machine;
    for (const folder of configuration.everyFolder) {
      for (const path of paths) {
        if (!path.startsWith(`${folder.path}/`)) continue;
        const batch = how === 'deleted' ? this.#batch(folder.name) : null;
        this.#set(path.normalize('NFC'), batch);
        const relative = path.slice(folder.path.length + 1);
        if (!this.#follows(folder.name, relative)) this.unfollowed.add(path.normalize('NFC'));
        const row = outbox.fileAt(folder.name, relative);
        if (row !== null && row.fingerprint !== null && row.base !== null) batch?.paths.push(relative);
      }
    }
  }

  #set(path: string, batch: Batch | null): void {
    const { elapsedMs } = this.#machine.time;
    const before = this.#removed.get(path);
    this.#removed.set(path, { firstAtMs: before?.firstAtMs ?? elapsedMs, atMs: elapsedMs, batch });
  }

  /** Another configuration is in force. What was removed under other rules, or for another place, need not follow any more. */
  configured(before: LongshoreConfig, after: LongshoreConfig): void {
    const { configuration, time } = this.#machine;
    for (const { name, path } of configuration.everyFolder) {
      const [was, is] = [before, after].map((config) => rulesOf(config, name));
      if (was === is) continue;
      this.#changed.set(name, time.elapsedMs);
      for (const removed of this.#removed.keys()) if (removed.startsWith(`${path}/`)) this.unfollowed.add(removed);
    }
  }

  #follows(name: string, path: string): boolean {
    const { config, outbox, time } = this.#machine;
    const folder = config.folders.find((known) => known.name === name);
    const changedAtMs = this.#changed.get(name) ?? Number.NEGATIVE_INFINITY;
    if (time.elapsedMs < changedAtMs + SETTLING_MS || (folder !== undefined && leavesOut(folder, path))) return false;
    return outbox.hasMarker(name);
  }

  /** The storage has a new state of the file: only what is removed from now on counts. */
  uploaded(path: string): void {
    this.#removed.delete(path.normalize('NFC'));
  }

  #batch(folder: string): Batch {
    const { time, outbox } = this.#machine;
    this.#batches = this.#batches.filter(({ atMs }) => atMs === time.elapsedMs);
    const known = this.#batches.find((batch) => batch.folder === folder);
    if (known !== undefined) return known;
    const made: Batch = { folder, atMs: time.elapsedMs, paths: [], of: outbox.presentFiles(folder) };
    this.#batches.push(made);
    return made;
  }

  /** The object of a path was deleted: was the file, by a person, long enough ago, and was that allowed? */
  check(folder: FolderConfig, path: string, operation: OperationFacts, replaced: Version): void {
    const { world, time, configuration } = this.#machine;
    const removal = this.#removed.get(path.normalize('NFC'));
    if (removal === undefined) {
      world.violations.add('copies', `${replaced.key} was deleted, and nobody had removed ${path}`);
      return;
    }
    if (operation.kind !== 'file.delete') return;
    const clockWasSet = world.coverage.sum('clock jumps') > 0 || world.coverage.counts.has('sleep');
    const afterMs = Math.round(time.elapsedMs - removal.firstAtMs);
    // It was queued under the rules of its time.
    const graces = configuration.since(folder.name, removal.firstAtMs).map(({ deletes }) => deletes.graceMs);
    if (!clockWasSet && afterMs < Math.min(...graces))
      world.violations.add('copies', `${replaced.key} was deleted ${afterMs} ms after ${path}`);
    if (removal.batch !== null) this.#checkAsked(removal.batch, operation, replaced);
  }

  /** Of many at once, as far as the engine has found out, a person was asked. */
  #checkAsked(batch: Batch, { id, createdAt }: OperationFacts, replaced: Version): void {
    const { outbox, world, configuration } = this.#machine;
    const name = batch.folder;
    const rules = configuration.since(name, batch.atMs).map(({ deletes }) => deletes);
    const graceMs = Math.max(...rules.map((rule) => rule.graceMs));
    // What was judged, or had begun, before the others were found is past; what waits is judged with them when they are due.
    const startedAt = outbox.eventsOf(id).findLast(({ type }) => type === 'started')?.at ?? createdAt;
    const judged = (goneAt: number | null) =>
      goneAt !== null && (goneAt <= createdAt || goneAt + graceMs + JUDGED_MS <= startedAt);
    const gone = batch.paths.filter((path) => {
      const row = outbox.fileAt(name, path);
      if (row === null || row.fingerprint !== null || row.base === null || !judged(row.goneAt)) return false;
      const operation = row.operation === null ? null : outbox.byId(row.operation);
      const queued = operation?.kind === 'file.delete' && ['pending', 'running', 'waiting'].includes(operation.state);
      return row.deleteRemote === 1 || queued;
    }).length;
    // Files that came during the grace count as well: it is judged when the first one is due.
    const of = Math.max(batch.of, outbox.presentFiles(name) + gone);
    if (rules.some(({ askAboveFiles, askAboveShare }) => gone <= askAboveFiles || gone <= askAboveShare * of)) return;
    world.coverage.hit('mass delete');
    if ((this.allowed.get(name) ?? -1) < batch.atMs)
      world.violations.add('guard', `${replaced.key} went with ${gone} of ${of} others, and nobody was asked`);
  }
}

/** What decides whether the object of a removed file follows; of a folder that is not configured the same as ever. */
function rulesOf(config: LongshoreConfig, name: string): string | null {
  const folder = config.folders.find((known) => known.name === name);
  if (folder === undefined) return null;
  return JSON.stringify([folder.mode, folder.ignore, placeOf(config, folder)]);
}
