import type { Clock, EpochMs } from '../core/ports.ts';
import type { StoredGuard } from '../db/folders-repo.ts';
import type { Repositories } from '../db/repositories.ts';
import { GUARD_SAMPLE, isHeld, judgeDeletes } from './mass-delete.ts';
import type { PlannedFolder } from './planned-folder.ts';
import type { Planner } from './planner.ts';
import { inTurns, QUEUE_COST, type Steps } from './turns.ts';

/** What could not follow yet (something still runs on its object) is looked at again after this, ms. */
const AGAIN_MS = 5000;
/** A renamed file is taken only when it stands still: its old name waits for that at least, so that it becomes a move. */
const MOVE_PATIENCE = 3;
const EXPIRE_PAGE = 100;

export interface FollowedFolder extends PlannedFolder {
  readonly keepGoneMs: number;
}

export interface FollowersDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly planner: Planner;
}

/** The deletes of one folder in mirror mode: when they are due, and whether they are too many to go unasked. */
export class Followers {
  readonly #folder: FollowedFolder;
  readonly #deps: FollowersDeps;
  readonly #graceMs: number;
  #notBefore: EpochMs = 0;
  /** Asked for at every look at the queue, so they are kept. */
  #guard: StoredGuard | null = null;
  #firstGoneAt: EpochMs | null = null;

  constructor(folder: FollowedFolder, deps: FollowersDeps) {
    this.#folder = folder;
    this.#deps = deps;
    this.#graceMs = Math.max(folder.deletes.graceMs, MOVE_PATIENCE * folder.stabilityMs);
  }

  guard(): StoredGuard | null {
    return this.#guard;
  }

  /** The database may say something else now: at the start, after a scan, after a person's decision. */
  refresh(): void {
    const { repos } = this.#deps;
    this.#guard = repos.folders.get(this.#folder.name)?.guard ?? null;
    this.#firstGoneAt = this.#folder.mode === 'mirror' ? repos.tombstones.firstGoneAt(this.#folder.name) : null;
  }

  /** When the next ones are due; null: none is, or a person is asked first. */
  nextAt(): EpochMs | null {
    if (this.#firstGoneAt === null || isHeld(this.#guard)) return null;
    return Math.max(this.#firstGoneAt + this.#graceMs, this.#notBefore);
  }

  /** Where those lie that are due now: a healthy look has to confirm that they are gone. */
  dueDirectories(limit: number): readonly string[] {
    const at = this.nextAt();
    const now = this.#deps.clock.now();
    if (at === null || at > now) return [];
    return this.#deps.repos.tombstones.dueDirectories(this.#folder.name, now - this.#graceMs, limit);
  }

  /** Queues the deletes that are due, as far as this scan, begun at `startedAt`, looked for the files; or asks first. */
  async follow(startedAt: EpochMs, looked: (dir: string) => boolean, signal: AbortSignal): Promise<void> {
    if (this.#folder.mode !== 'mirror') return;
    const { repos, clock, planner } = this.#deps;
    const { name } = this.#folder;
    const guard = repos.transaction(() => {
      repos.tombstones.boundGoneAt(name, clock.now());
      return this.#judge();
    });
    // What was found gone by this very scan has not been looked for again.
    const due = Math.min(clock.now() - this.#graceMs, startedAt - 1);
    const until = guard === null ? due : Math.min(due, guard.allowedAt ?? Number.MIN_SAFE_INTEGER);
    await inTurns(this.#deps, signal, planner.burials.follow(this.#folder, until, looked));
    const first = repos.tombstones.firstGoneAt(name);
    if (guard !== null && guard.allowedAt !== null && (first === null || first > guard.allowedAt))
      repos.folders.setGuard(name, null);
    this.#notBefore = first !== null && first <= until ? clock.now() + AGAIN_MS : 0;
    this.refresh();
  }

  /** Nothing may be concluded now: what is due is looked at again later, not at once. */
  postpone(): void {
    this.#notBefore = this.#deps.clock.now() + AGAIN_MS;
  }

  /** Forgets what was gone for longer than anybody asks. */
  async expire(signal: AbortSignal): Promise<void> {
    await inTurns(this.#deps, signal, this.#expire(this.#deps.clock.now() - this.#folder.keepGoneMs));
  }

  *#expire(before: EpochMs): Steps<void> {
    while (this.#deps.repos.tombstones.expire(this.#folder.name, before, EXPIRE_PAGE) > 0)
      yield EXPIRE_PAGE * QUEUE_COST;
  }

  /** For the history: the question is asked, or nobody has to answer it any more. */
  #tell(guard: StoredGuard | null): void {
    const { name } = this.#folder;
    const message =
      guard === null
        ? 'The files are there again: nothing is asked any more.'
        : `${guard.count} of ${guard.of} files are gone at once: nothing is deleted in the storage before you say so (longshore deletes ${name}).`;
    this.#deps.repos.events.append({
      operationId: null,
      resourceKey: `folder:${name}`,
      type: guard === null ? 'deletes-released' : 'deletes-held',
      from: null,
      to: null,
      details: { folder: name, message, ...(guard === null ? {} : { count: guard.count, of: guard.of }) },
    });
  }

  /** Before anything is due nothing is asked: most of a renamed directory's tombstones become moves within the grace. */
  #judge(): StoredGuard | null {
    const { repos, clock } = this.#deps;
    const { name, deletes } = this.#folder;
    const before = repos.folders.get(name)?.guard ?? null;
    const first = repos.tombstones.firstGoneAt(name);
    if (before === null && (first === null || first + this.#graceMs > clock.now())) return null;
    const pending = {
      count: repos.tombstones.count(name),
      present: repos.folders.get(name)?.files ?? 0,
      sample: () => repos.tombstones.sample(name, GUARD_SAMPLE),
    };
    const guard = judgeDeletes(deletes, pending, before, clock.now());
    if (JSON.stringify(guard) !== JSON.stringify(before)) repos.folders.setGuard(name, guard);
    if (isHeld(guard) !== isHeld(before)) this.#tell(guard);
    return guard;
  }
}
