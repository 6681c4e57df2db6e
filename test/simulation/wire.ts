import { LongshoreError } from '../../src/core/longshore-error.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Life, VirtualTime } from './virtual-time.ts';

/** One request of the engine to something outside, from its start until the engine has its answer. */
export interface SimRequest {
  readonly label: string;
  /** What it is about: an object key, or a URL. */
  readonly subject: string;
  readonly atMs: number;
  /** Of an object. */
  readonly bucket?: string;
  /** A commit in flight may finish after a pause. */
  readonly commit: boolean;
}

/** How a request fares. */
export interface Course<T> {
  /** From the start to the effect. */
  readonly travelMs: number;
  /** From the effect to the answer. */
  readonly replyMs: number;
  /** Given in place of the answer. The effect takes place all the same unless `noEffect`. */
  readonly failure?: Error;
  readonly noEffect?: boolean;
  readonly effect: () => T | Promise<T>;
  /** Called when the requester goes away before the effect: what is then on its way must not change any more. */
  readonly detach?: () => void;
  /** How late an effect may come whose requester has gone, ms. */
  readonly lateMs: number;
  /** The answer's body, which comes bit by bit: the request is under way until it has ended. */
  readonly body?: (answer: T) => Promise<void>;
}

export interface WireWatcher {
  started(request: SimRequest): void;
  ended(request: SimRequest): void;
}

interface InFlight {
  readonly request: SimRequest;
  readonly life: Life;
  /** Lets go of it: its effect is lost or comes late, and its answer is never given. */
  abandon(): void;
  /** Nobody is there any more to abort it. Node keeps a signal that is listened to in memory for ever. */
  forget(): void;
  /** Its connection breaks: nobody knows what became of it. */
  snap(): void;
}

/**
 * Requests on their way. An abort settles a request at once, with or without its effect. When an engine dies its requests
 * are let go of in the same way, and nobody hears of them.
 */
export class Wire {
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #watchers: WireWatcher[] = [];
  readonly #inFlight = new Set<InFlight>();
  /** Waits of bodies under way. */
  readonly #pauses = new Set<Pick<InFlight, 'life' | 'forget'>>();
  /** Requests whose sender has gone and which have their effect yet. */
  readonly #late = new Set<() => Promise<void>>();

  constructor(time: VirtualTime, random: SeededRandom) {
    this.#time = time;
    this.#random = random;
  }

  watch(watcher: WireWatcher): void {
    this.#watchers.push(watcher);
  }

  inFlight(): SimRequest[] {
    return [...this.#inFlight].map(({ request }) => request);
  }

  send<T>(
    life: Life,
    about: Pick<SimRequest, 'label' | 'subject' | 'commit'>,
    course: Course<T>,
    signal: AbortSignal,
  ): Promise<T> {
    if (!life.alive) return new Promise(() => undefined);
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const request: SimRequest = { ...about, atMs: this.#time.elapsedMs };
    for (const watcher of this.#watchers) watcher.started(request);
    return new Promise<T>((resolve, reject) => {
      let effectPending = course.noEffect !== true;
      const entry: InFlight = {
        request,
        life,
        abandon: () => undefined,
        snap: () => undefined,
        forget: () => undefined,
      };
      const end = (): boolean => {
        if (!this.#inFlight.delete(entry)) return false;
        entry.forget();
        for (const watcher of this.#watchers) watcher.ended(request);
        return true;
      };
      const cancelArrival = this.#time.schedule(course.travelMs, `${about.label} arrives`, async () => {
        let answer: () => void | Promise<void> = () => {
          if (end()) reject(course.failure ?? new Error('no answer'));
        };
        if (effectPending) {
          effectPending = false;
          try {
            const value = await course.effect();
            if (course.failure === undefined)
              answer = async () => {
                try {
                  if (course.body !== undefined && this.#inFlight.has(entry)) await course.body(value);
                  if (end()) resolve(value);
                } catch (error) {
                  if (end()) reject(error);
                }
              };
          } catch (error) {
            if (course.failure === undefined)
              answer = () => {
                if (end()) reject(error);
              };
          }
        }
        // Not awaited: a body takes its own steps.
        const deliver = () => void answer();
        this.#time.schedule(course.replyMs, `${about.label} answered`, deliver, life);
      });
      entry.abandon = () => {
        if (!effectPending) return;
        cancelArrival();
        effectPending = false;
        if (this.#random.chance(0.5)) return;
        course.detach?.();
        const arrive = async () => {
          this.#late.delete(arrive);
          cancel();
          try {
            await course.effect();
          } catch {
            // Refused, and nobody is there to hear it.
          }
        };
        const cancel = this.#time.schedule(
          this.#random.fraction() * course.lateMs,
          `${about.label} arrives late`,
          arrive,
        );
        this.#late.add(arrive);
      };
      const onAbort = () => {
        if (!end()) return;
        entry.abandon();
        reject(signal.reason as Error);
      };
      entry.forget = () => {
        signal.removeEventListener('abort', onAbort);
      };
      entry.snap = () => {
        if (!end()) return;
        entry.abandon();
        reject(new LongshoreError('net.reset', { sent: true, subject: about.subject }));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#inFlight.add(entry);
    });
  }

  /** A wait of a body under way; an abort ends it, and a dead engine never hears of it. */
  pause(life: Life, delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const pause = {
        life,
        forget: () => {
          signal.removeEventListener('abort', onAbort);
        },
      };
      const onAbort = () => {
        this.#pauses.delete(pause);
        cancel();
        reject(signal.reason as Error);
      };
      const go = () => {
        this.#pauses.delete(pause);
        pause.forget();
        resolve();
      };
      const cancel = this.#time.schedule(delayMs, 'bytes', go, life);
      this.#pauses.add(pause);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** What was let go of has its effect now, if it is to have one. */
  async arriveLate(): Promise<void> {
    for (const arrive of this.#late) await arrive();
  }

  /** Every connection breaks. */
  breakAll(): void {
    for (const entry of this.#inFlight) entry.snap();
  }

  /** The engine of this life is dead. */
  abandon(life: Life): void {
    for (const entry of this.#inFlight) {
      if (entry.life !== life) continue;
      this.#inFlight.delete(entry);
      for (const watcher of this.#watchers) watcher.ended(entry.request);
      entry.forget();
      entry.abandon();
    }
    for (const pause of this.#pauses) {
      if (pause.life !== life) continue;
      this.#pauses.delete(pause);
      pause.forget();
    }
  }
}
