import type { Fingerprint } from '../core/fingerprint.ts';
import type { EpochMs, ScannedDirectory, ScannedFile } from '../core/ports.ts';
import type { FilesRepo, KnownName, StoredFile } from '../db/files-repo.ts';
import { Burials } from './burials.ts';
import { FileQueue } from './file-queue.ts';
import { isToBeJudgedAnew } from './inventory-keys.ts';
import { judgeFile, type FileJudgement } from './judge-file.ts';
import type { PlannedFolder, PlannerDeps } from './planned-folder.ts';
import { objectResource } from './specs.ts';
import { QUEUE_COST, type Steps } from './turns.ts';

export interface DirectoryPlan {
  /** Operations that were queued. */
  readonly queued: number;
  /** A file there is too young: the directory wants another look then. */
  readonly lookAgainAt: EpochMs | null;
  /** Names that the inventory has and the directory has no longer; they count only after a healthy scan. */
  readonly gone: readonly string[];
  /** New names, held back until it is known whether they are moves. */
  readonly held: readonly ScannedFile[];
  /** Files and problems that are there. */
  readonly present: number;
}

/** First meetings with states whose times lie in the future; bounded, as it is only a rare aid. */
const MAX_FIRST_SEEN = 10_000;
/** Rows that are read at a time. */
const PAGE = 1000;
/** Found files that are made objects of for what one row costs. */
const FOUND_PER_COST = 5;
/** Stands for a directory whose plan is under way; no real digest has this length. */
const UNDER_WAY = '00';

/** Compares what a scan found with the inventory and queues what follows. One directory at a time, in small steps. */
export class Planner {
  readonly queue: FileQueue;
  readonly burials: Burials;
  readonly #deps: PlannerDeps;
  readonly #firstSeen = new Map<string, { readonly fingerprint: Fingerprint; readonly at: EpochMs }>();

  constructor(deps: PlannerDeps) {
    this.#deps = deps;
    this.queue = new FileQueue(deps);
    this.burials = new Burials(deps, this.queue);
  }

  /** `hold`: new names are handed back instead of queued. */
  *plan(folder: PlannedFolder, directory: ScannedDirectory, hold: boolean): Steps<DirectoryPlan> {
    const { directories } = this.#deps.repos;
    const { dir, digest } = directory;
    const settled = directories.settledFiles(folder.name, dir, digest);
    if (settled !== null) {
      yield 1;
      return { queued: 0, lookAgainAt: null, gone: [], held: [], present: settled };
    }
    const plan = new PlanInMaking(this, folder, directory, hold);
    let owed = 1;
    let interrupted = false;
    for (const cost of plan.steps(this.#deps.repos.files)) {
      owed += cost;
      if (plan.clean && owed < PAGE) continue;
      // Triggers take this row away when the inventory of the directory changes before the end of the plan.
      if (plan.clean && !interrupted && digest !== '')
        directories.setSettled(folder.name, dir, UNDER_WAY, directory.files.length);
      interrupted = true;
      yield owed;
      owed = 0;
    }
    if (plan.clean && digest !== '') {
      if (interrupted) directories.confirm(folder.name, dir, UNDER_WAY, digest);
      else directories.setSettled(folder.name, dir, digest, directory.files.length);
    }
    yield owed;
    return plan.result();
  }

  /** By far the most frequent answer of `judge`, without the row of the file and without a text to look up. */
  isKnown(found: ScannedFile, fingerprint: Fingerprint | null): boolean {
    return found.fingerprint === fingerprint && this.#firstSeen.size === 0;
  }

  judge(folder: PlannedFolder, dir: string, before: StoredFile | null, found: ScannedFile): FileJudgement {
    const { clock } = this.#deps;
    const id = `${folder.name}\0${dir}\0${found.name}`;
    const seen = this.#firstSeen.get(id);
    // A time ahead of now: the clock was set back since. Then this meeting counts as the first.
    const firstSeenAt = seen?.fingerprint === found.fingerprint && seen.at <= clock.now() ? seen.at : null;
    const judgement = judgeFile(before, found, clock.now(), folder.stabilityMs, firstSeenAt);
    if (judgement.kind !== 'settling') this.#firstSeen.delete(id);
    else if (firstSeenAt === null && Math.max(found.mtimeMs, found.ctimeMs) > clock.now())
      this.#rememberMeeting(id, found.fingerprint);
    if (judgement.kind === 'queue' && before !== null && this.#isArriving(folder, before))
      return { kind: 'settling', lookAgainAt: clock.now() + Math.max(1, folder.stabilityMs) };
    return judgement;
  }

  /** Only of states whose own times tell nothing. Names that went before they were stable leave room to later ones. */
  #rememberMeeting(id: string, fingerprint: Fingerprint): void {
    this.#firstSeen.delete(id);
    const [oldest] = this.#firstSeen.keys();
    if (oldest !== undefined && this.#firstSeen.size >= MAX_FIRST_SEEN) this.#firstSeen.delete(oldest);
    this.#firstSeen.set(id, { fingerprint, at: this.#deps.clock.now() });
  }

  /** A download is about to put a version there, or has and is about to say so: that is no change of the user's. */
  #isArriving(folder: PlannedFolder, file: StoredFile): boolean {
    if (file.key === '') return false;
    return this.#deps.repos.operations.runsOn(objectResource(folder.destination, file.key), 'file.download');
  }
}

/** One directory's comparison while it is made. Steps return what they cost. */
class PlanInMaking {
  readonly #planner: Planner;
  readonly #folder: PlannedFolder;
  readonly #directory: ScannedDirectory;
  readonly #hold: boolean;
  readonly #found = new Map<string, ScannedFile>();
  readonly #problems;
  readonly #ignored: ReadonlySet<string>;
  readonly #gone: string[] = [];
  readonly #held: ScannedFile[] = [];
  #queued = 0;
  #lookAgainAt: EpochMs | null = null;
  /** The inventory knows all that is there, and nothing is to be done about it. */
  clean: boolean;

  constructor(planner: Planner, folder: PlannedFolder, directory: ScannedDirectory, hold: boolean) {
    this.#planner = planner;
    this.#folder = folder;
    this.#directory = directory;
    this.#hold = hold;
    this.#problems = new Map(directory.problems.map((problem) => [problem.name, problem]));
    this.#ignored = new Set(directory.ignoredNames);
    this.clean = directory.complete && !directory.gone && directory.problems.length === 0;
  }

  *steps(files: FilesRepo): Steps<void> {
    const { dir } = this.#directory;
    for (const found of this.#directory.files) {
      this.#found.set(found.name, found);
      if (this.#found.size % FOUND_PER_COST === 0) yield 1;
    }
    for (let page = files.names(this.#folder.name, dir, null, PAGE); page.length > 0;) {
      for (const known of page) yield this.#known(files, known);
      page = page.length < PAGE ? [] : files.names(this.#folder.name, dir, page.at(-1)?.name ?? null, PAGE);
    }
    yield* this.#rest();
  }

  /** A file of the inventory: still there, in trouble, left out by a rule, or gone. */
  #known(files: FilesRepo, { name, fingerprint }: KnownName): number {
    const row = () => files.get(this.#folder.name, this.#directory.dir, name);
    const found = this.#found.get(name);
    if (found !== undefined) {
      this.#found.delete(name);
      return this.#planner.isKnown(found, fingerprint) ? 1 : this.#judge(found, row());
    }
    const problem = this.#problems.get(name);
    if (problem !== undefined) {
      this.#problems.delete(name);
      if (!this.#planner.queue.problem(this.#folder, this.#directory, problem, row())) return 1;
      this.#queued += 1;
      return QUEUE_COST;
    }
    const left = this.#ignored.has(name) ? row() : null;
    if (left !== null) {
      if (this.#planner.burials.leaveOut(this.#folder, left)) this.clean = false;
      return QUEUE_COST;
    }
    if (fingerprint === null || !this.#directory.complete) return 1;
    this.clean = false;
    this.#gone.push(name);
    return 1;
  }

  /** What the inventory has never met. */
  *#rest(): Steps<void> {
    for (const found of this.#found.values()) yield this.#judge(found, null);
    for (const problem of this.#problems.values()) {
      if (problem.name === '') continue;
      if (this.#planner.queue.problem(this.#folder, this.#directory, problem, null)) this.#queued += 1;
      yield QUEUE_COST;
    }
  }

  result(): DirectoryPlan {
    const { files, problems } = this.#directory;
    return {
      queued: this.#queued,
      lookAgainAt: this.#lookAgainAt,
      gone: this.#gone,
      held: this.#held,
      present: files.length + problems.length,
    };
  }

  #judge(found: ScannedFile, before: StoredFile | null): number {
    const judgement = this.#planner.judge(this.#folder, this.#directory.dir, before, found);
    if (judgement.kind === 'known') return 1;
    this.clean = false;
    if (judgement.kind === 'settling') {
      this.#lookAgainAt = Math.min(this.#lookAgainAt ?? Number.MAX_SAFE_INTEGER, judgement.lookAgainAt);
      return 1;
    }
    if (this.#hold && isNewName(before)) {
      this.#held.push(found);
      return 1;
    }
    this.#planner.queue.upload(this.#folder, this.#directory.dir, found, before, judgement.hashFirst);
    this.#queued += 1;
    return QUEUE_COST;
  }
}

/** The inventory has no version of it: it may be a known file that moved here. */
export function isNewName(before: StoredFile | null): boolean {
  if (before === null) return true;
  return before.base === null && (before.fingerprint === null || isToBeJudgedAnew(before.fingerprint));
}
