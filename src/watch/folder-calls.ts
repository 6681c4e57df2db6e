import { LongshoreError } from '../core/longshore-error.ts';
import type { Clock } from '../core/ports.ts';
import { LOOK_MS, SILENT_LOOKS } from './silence.ts';

/** So many calls of one folder are with the system at once: as many as Node's own default has threads for all. */
const AT_ONCE = 4;

interface CallOptions<T> {
  /** Is given what the call brings when it is not waited for any more. */
  readonly onLate?: (value: T) => void;
  /** It is made also when nobody waits for it any more. */
  readonly isOwed?: boolean;
}

interface Call {
  /** Resolves when the call has ended, however. */
  readonly start: () => Promise<void>;
  readonly giveUp: (error: LongshoreError) => void;
  readonly isOwed: boolean;
  /** Looks in a row at which no call had ended, since this one came. */
  looks: number;
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
  #waiting: Call[] = [];
  #looking = false;

  constructor(clock: Clock, root: string) {
    this.#clock = clock;
    this.#root = root;
  }

  /** Rejects as the call does, or with `folder.silent` when it is not waited for any more. */
  run<T>(call: () => Promise<T>, { onLate, isOwed = false }: CallOptions<T> = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      let isLate = false;
      this.#take({
        start: async () => {
          try {
            const value = await call();
            if (isLate) onLate?.(value);
            else resolve(value);
          } catch (error) {
            reject(error);
          }
        },
        giveUp: (error) => {
          isLate = true;
          reject(error);
        },
        isOwed,
        looks: 0,
      });
    });
  }

  #take(call: Call): void {
    if (this.#running.size < AT_ONCE) {
      void this.#start(call);
      return;
    }
    const isSilent = [...this.#running].every(({ looks }) => looks >= SILENT_LOOKS);
    if (isSilent) call.giveUp(this.#silence());
    if (call.isOwed || !isSilent) this.#waiting.push(call);
  }

  async #start(call: Call): Promise<void> {
    this.#running.add(call);
    if (!this.#looking) this.#lookLater();
    await call.start();
    this.#running.delete(call);
    for (const other of [...this.#running, ...this.#waiting]) other.looks = 0;
    const next = this.#waiting.shift();
    if (next !== undefined) void this.#start(next);
  }

  #lookLater(): void {
    this.#looking = true;
    this.#clock.setTimer(LOOK_MS, () => {
      this.#looking = false;
      if (this.#running.size === 0) return;
      this.#look();
      this.#lookLater();
    });
  }

  #look(): void {
    for (const call of [...this.#running, ...this.#waiting]) {
      call.looks += 1;
      if (call.looks === SILENT_LOOKS) call.giveUp(this.#silence());
    }
    this.#waiting = this.#waiting.filter(({ isOwed, looks }) => isOwed || looks < SILENT_LOOKS);
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
