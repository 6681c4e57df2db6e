import { LongshoreError } from '../core/longshore-error.ts';
import type { Clock } from '../core/ports.ts';

/** So many calls of one folder are with the system at once: as many as Node's own default has threads for all. */
const AT_ONCE = 4;
/** How often it is looked whether any of them has ended, ms. */
const LOOK_MS = 5000;
/** After so many looks in a row at which none had, the file system counts as silent. */
const SILENT_LOOKS = 12;

interface Call {
  /** Resolves when the call has ended, however. */
  readonly start: () => Promise<void>;
  readonly giveUp: (error: LongshoreError) => void;
}

/** Through which the calls for one path go to the system. */
export interface CallsFor {
  of(path: string): Pick<FolderCalls, 'run'>;
}

/** As they come. */
export const UNBOUNDED: CallsFor = { of: () => ({ run: (call) => call() }) };

/**
 * The calls of the system that one folder has under way. A file system that hangs holds a thread for each, and nothing frees
 * it: so they are few, and where none ends for a minute nobody waits for them any more (P10).
 */
export class FolderCalls {
  readonly #clock: Clock;
  readonly #root: string;
  readonly #running = new Set<Call>();
  readonly #waiting: Call[] = [];
  /** Looks in a row at which no call had ended; null: nobody looks. */
  #looks: number | null = null;

  constructor(clock: Clock, root: string) {
    this.#clock = clock;
    this.#root = root;
  }

  /**
   * Rejects as the call does, or with `folder.silent` when it is not waited for any more. `onLate` is given what it brings
   * after that.
   */
  run<T>(call: () => Promise<T>, onLate: (value: T) => void = () => undefined): Promise<T> {
    const full = this.#running.size >= AT_ONCE;
    if (full && (this.#looks ?? 0) >= SILENT_LOOKS) return Promise.reject(this.#silence());
    return new Promise((resolve, reject) => {
      let isLate = false;
      const entry: Call = {
        start: async () => {
          try {
            const value = await call();
            if (isLate) onLate(value);
            else resolve(value);
          } catch (error) {
            reject(error);
          }
        },
        giveUp: (error) => {
          isLate = true;
          reject(error);
        },
      };
      if (full) this.#waiting.push(entry);
      else void this.#start(entry);
    });
  }

  async #start(call: Call): Promise<void> {
    this.#running.add(call);
    if (this.#looks === null) this.#look(0);
    await call.start();
    this.#running.delete(call);
    if (this.#looks !== null) this.#looks = 0;
    const next = this.#waiting.shift();
    if (next !== undefined) void this.#start(next);
  }

  #look(looks: number): void {
    this.#looks = looks;
    if (looks === SILENT_LOOKS)
      for (const call of [...this.#running, ...this.#waiting.splice(0)]) call.giveUp(this.#silence());
    this.#clock.setTimer(LOOK_MS, () => {
      if (this.#running.size === 0) this.#looks = null;
      else this.#look((this.#looks ?? 0) + 1);
    });
  }

  #silence(): LongshoreError {
    return new LongshoreError('folder.silent', { subject: this.#root });
  }
}

/** Each folder's calls apart; those that belong to none are together. */
export class CallsByFolder implements CallsFor {
  readonly #clock: Clock;
  readonly #roots: () => readonly string[];
  readonly #known = new Map<string, FolderCalls>();
  readonly #others: FolderCalls;

  constructor(clock: Clock, roots: () => readonly string[]) {
    this.#clock = clock;
    this.#roots = roots;
    this.#others = new FolderCalls(clock, '');
  }

  /** The calls of the folder that this path is of. */
  of(path: string): FolderCalls {
    return this.#find(path) ?? this.#learn(path) ?? this.#others;
  }

  #find(path: string): FolderCalls | null {
    for (const [root, calls] of this.#known) {
      if (path.startsWith(root) && (path.length === root.length || /[/\\]/.test(path.charAt(root.length))))
        return calls;
    }
    return null;
  }

  #learn(path: string): FolderCalls | null {
    for (const root of this.#roots()) {
      if (!this.#known.has(root)) this.#known.set(root, new FolderCalls(this.#clock, root));
    }
    return this.#find(path);
  }
}
