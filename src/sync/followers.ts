import type { Clock, EpochMs } from '../core/ports.ts';
import { isTerminal } from '../core/states.ts';
import type { StoredGuard } from '../db/folders-repo.ts';
import type { Repositories } from '../db/repositories.ts';
import { GUARD_SAMPLE, isHeld, judgeDeletes } from './mass-delete.ts';
import type { PlannedFolder } from './planned-folder.ts';
import type { Planner } from './planner.ts';
import { deletesLane } from './specs.ts';
import { inTurns, QUEUE_COST, type Steps } from './turns.ts';

/** What could not follow yet is looked at again after this at the soonest, ms. */
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

/** What is due and stays: an operation on its object, running, failed or in conflict, has to end first. */
interface Waiting {
  /** Of those found gone by then. */
  readonly until: EpochMs;
  readonly operations: readonly number[];
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
  #waiting: Waiting | null = null;
  /** Tombstones written by then are considered in what is kept here. */
  #written = 0;
  /** Whether they are too many was last asked then, of all that had been found gone before. */
  #judgedUntil: EpochMs = Number.MIN_SAFE_INTEGER;
  /** Of those found gone since: when the first was. */
  #firstUnjudged: EpochMs | null = null;

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
    const { tombstones, folders } = this.#deps.repos;
    const { name, mode } = this.#folder;
    if (tombstones.written(name) !== this.#written) this.#waiting = null;
    this.#written = tombstones.written(name);
    this.#guard = folders.get(name)?.guard ?? null;
    this.#firstGoneAt = mode === 'mirror' ? tombstones.firstGoneAt(name, this.#waiting?.until) : null;
    // The clock was set back: what was judged can't be told by the time.
    if (this.#judgedUntil > this.#deps.clock.now()) this.#judgedUntil = Number.MIN_SAFE_INTEGER;
    this.#firstUnjudged = mode === 'mirror' ? tombstones.firstGoneAt(name, this.#judgedUntil) : null;
  }

  /** Some are due that nobody has counted: together with these, what waits in the outbox may be too many to go unasked. */
  hasUnjudged(): boolean {
    this.#keepUp();
    return this.#firstUnjudged !== null && this.#firstUnjudged + this.#graceMs <= this.#deps.clock.now();
  }

  /** Operations ended, or a person decided something: what waited for that is due again. */
  reconsider(): void {
    const { operations } = this.#deps.repos;
    const isOver = (seq: number) => isTerminal(operations.bySeq(seq)?.state ?? 'superseded');
    if (this.#waiting?.operations.some(isOver) !== true) return;
    this.#waiting = null;
    this.refresh();
  }

  /** When the next ones are due; null: none is, they wait for the end of something else, or a person is asked first. */
  nextAt(): EpochMs | null {
    this.#keepUp();
    if (this.#firstGoneAt === null || isHeld(this.#guard)) return null;
    return Math.max(this.#firstGoneAt + this.#graceMs, this.#notBefore);
  }

  /** Decisions about conflicts write tombstones as well, at any time. */
  #keepUp(): void {
    if (this.#deps.repos.tombstones.written(this.#folder.name) !== this.#written) this.refresh();
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
    const { guard, bound } = repos.transaction(() => {
      repos.tombstones.boundGoneAt(name, clock.now());
      return this.#judge();
    });
    // None of those that wait in the outbox may start while a person is asked.
    this.#guard = guard;
    // What was found gone by this very scan has not been looked for again.
    const graceEnd = Math.min(clock.now() - this.#graceMs, startedAt - 1);
    const until = Math.min(graceEnd, bound);
    // What is written while this goes on is considered at the next look.
    this.#written = repos.tombstones.written(name);
    const { lookAgain, waitsFor } = await inTurns(
      this.#deps,
      signal,
      planner.burials.follow(this.#folder, { until, graceEnd }, looked),
    );
    this.#waiting = lookAgain || waitsFor.length === 0 ? null : { until, operations: waitsFor };
    if (guard !== null && bound === guard.allowedAt) repos.queuedDeletes.allow(name);
    const first = repos.tombstones.firstGoneAt(name);
    if (guard !== null && guard.allowedAt !== null && (first === null || first > guard.allowedAt))
      repos.folders.setGuard(name, null);
    this.#notBefore = first !== null && first <= until ? clock.now() + AGAIN_MS : 0;
    this.reconsider();
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

  /**
   * Before anything is due nothing is asked: most of a renamed directory's tombstones become moves within the grace.
   * `bound`: those found gone by then may follow.
   */
  #judge(): { readonly guard: StoredGuard | null; readonly bound: EpochMs } {
    const { repos, clock } = this.#deps;
    const { name, deletes } = this.#folder;
    const before = repos.folders.get(name)?.guard ?? null;
    const first = repos.tombstones.firstGoneAt(name);
    if (before === null && (first === null || first + this.#graceMs > clock.now()))
      return { guard: null, bound: Number.MAX_SAFE_INTEGER };
    // One that is found in this very millisecond is not among them.
    this.#judgedUntil = clock.now() - 1;
    const allowedAt = before?.allowedAt ?? null;
    // Once what was allowed is done, but for what waits for something else, what is newer is judged for itself.
    const newerOnly = allowedAt !== null && this.#waiting !== null && this.#waiting.until >= allowedAt;
    const lane = deletesLane(name);
    const pending = {
      // Those that were few enough before, and have not run yet, go together with these.
      count: repos.tombstones.count(name, newerOnly ? allowedAt : undefined) + repos.queuedDeletes.count(name, lane),
      present: repos.folders.get(name)?.files ?? 0,
      sample: () =>
        [...repos.tombstones.sample(name, GUARD_SAMPLE), ...repos.queuedDeletes.sample(name, lane, GUARD_SAMPLE)].slice(
          0,
          GUARD_SAMPLE,
        ),
    };
    const asked = judgeDeletes(deletes, pending, newerOnly ? null : before, clock.now());
    const guard = newerOnly ? (asked ?? before) : asked;
    if (JSON.stringify(guard) !== JSON.stringify(before)) repos.folders.setGuard(name, guard);
    if (isHeld(guard) !== isHeld(before)) this.#tell(guard);
    if (guard === null || (newerOnly && asked === null)) return { guard, bound: Number.MAX_SAFE_INTEGER };
    return { guard, bound: guard.allowedAt ?? Number.MIN_SAFE_INTEGER };
  }
}
