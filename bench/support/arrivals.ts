import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { STABILITY_MS } from '../../src/config/defaults.ts';
import { startSink, type Sink } from '../servers/sink.ts';
import type { BenchContext } from './bench-context.ts';

/** Saves that bring connections and code up to speed and don't count. */
const WARM_UP = 3;
const ARRIVAL_LIMIT_MS = 60_000;
const FILE_BYTES = 4096;

/** A sink in this process, which tells when PUTs arrive: one clock for the save and the arrival. */
export class Arrivals {
  readonly #sink: Sink;
  readonly #waiting: Map<string, (at: number) => void>;
  readonly close: () => Promise<void>;

  private constructor(sink: Sink, waiting: Map<string, (at: number) => void>, close: () => Promise<void>) {
    this.#sink = sink;
    this.#waiting = waiting;
    this.close = close;
  }

  /** `holds`: which objects (by path) are there before. */
  static async open({ workspace }: BenchContext, holds?: (path: string) => boolean): Promise<Arrivals> {
    const waiting = new Map<string, (at: number) => void>();
    const sink = await startSink((path) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      waiting.get(name)?.(performance.now());
      waiting.delete(name);
    }, holds);
    return new Arrivals(
      sink,
      waiting,
      workspace.owns(() => sink.close()),
    );
  }

  get endpoint(): string {
    return this.#sink.endpoint;
  }

  get objects(): number {
    return this.#sink.taken().objects;
  }

  /** When (by `performance.now`) the PUT of a file of this name arrives. */
  next(name: string): Promise<number> {
    return new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${name} was not sent within ${ARRIVAL_LIMIT_MS} ms`));
      }, ARRIVAL_LIMIT_MS);
      this.#waiting.set(name, (at) => {
        clearTimeout(timer);
        resolve(at);
      });
    });
  }
}

/** Saves one file after the other; gives how long each PUT took to begin beyond the time that a file must stand still. */
export async function saveAndWait(
  context: BenchContext,
  arrivals: Arrivals,
  directoryOf: (save: number) => string,
): Promise<number[]> {
  const samples: number[] = [];
  for (let save = 0; save < WARM_UP + context.sizes.saves; save += 1) {
    // Uneven pauses, so that no timer of the one who watches falls into step with the saves.
    await delay(100 + Math.random() * 150);
    const beyondMs = await saveOne(arrivals, directoryOf(save));
    if (save >= WARM_UP) samples.push(beyondMs);
  }
  context.say(`${samples.length} saves`);
  return samples;
}

let saved = 0;

/** The same of one file. */
export async function saveOne(arrivals: Arrivals, directory: string): Promise<number> {
  saved += 1;
  const name = `save-${saved}.bin`;
  const arrived = arrivals.next(name);
  writeFileSync(join(directory, name), randomBytes(FILE_BYTES));
  const savedAt = performance.now();
  return (await arrived) - savedAt - STABILITY_MS;
}
