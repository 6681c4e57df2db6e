import type { SeededRandom } from './seeded-random.ts';

/** One life of the engine, from start to stop or crash. What belongs to a dead one never happens. */
export interface Life {
  alive: boolean;
}

interface Entry {
  readonly atMs: number;
  /** Orders what is due at the same instant; drawn from the seed. */
  readonly tie: number;
  readonly label: string;
  readonly life: Life | null;
  readonly run: () => void | Promise<void>;
  cancelled: boolean;
}

/** 2026-01-01T00:00:00Z: simulated days begin there. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/**
 * All that is yet to happen, and the two clocks. Nothing happens but by `step`, and between two steps every promise that
 * can settle has settled, so that one seed gives one run.
 */
export class VirtualTime {
  readonly #random: SeededRandom;
  readonly #onError: (error: unknown) => void;
  readonly #heap: Entry[] = [];
  #elapsedMs = 0;
  #originMs = EPOCH_MS;
  /** Steps at once without being asked: for conformance suites, which wait as if time were real. */
  #running = false;
  #autoRun = false;

  /** `onError` hears of what a callback threw: in a real process that would end it. */
  constructor(random: SeededRandom, onError: (error: unknown) => void) {
    this.#random = random;
    this.#onError = onError;
  }

  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  /** The time that the world agrees on, whole ms. */
  trueNow(): number {
    return Math.floor(this.#elapsedMs + this.#originMs);
  }

  /** The machines sleep: the world goes on, and their monotonic clocks stand still, as on Linux. */
  sleep(forMs: number): void {
    this.#originMs += forMs;
  }

  /** Makes `run` happen in `delayMs`; the returned function takes it back. Without a life it survives crashes. */
  schedule(delayMs: number, label: string, run: () => void | Promise<void>, life: Life | null = null): () => void {
    const atMs = this.#elapsedMs + Math.max(0, delayMs);
    const entry: Entry = { atMs, tie: this.#random.next32(), label, life, run, cancelled: false };
    this.#push(entry);
    if (this.#autoRun) this.#runSoon();
    return () => {
      entry.cancelled = true;
    };
  }

  /** When the next thing happens, on the clock that never jumps; null when nothing will. */
  nextAtMs(): number | null {
    this.#dropDead();
    return this.#heap[0]?.atMs ?? null;
  }

  /** Lets the next thing happen and everything that follows from it at once. Returns its label, or null at the end of time. */
  async step(): Promise<string | null> {
    this.#dropDead();
    const entry = this.#pop();
    if (entry === undefined) return null;
    this.#elapsedMs = Math.max(this.#elapsedMs, entry.atMs);
    try {
      await entry.run();
    } catch (error) {
      this.#onError(error);
    }
    await settled();
    return entry.label;
  }

  /** Skips ahead without anything happening; never past what is due. */
  advanceTo(elapsedMs: number): void {
    const next = this.nextAtMs();
    this.#elapsedMs = Math.max(this.#elapsedMs, next === null ? elapsedMs : Math.min(next, elapsedMs));
  }

  runByItself(): void {
    this.#autoRun = true;
  }

  #runSoon(): void {
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => {
      void this.#runOut();
    });
  }

  async #runOut(): Promise<void> {
    while ((await this.step()) !== null);
    this.#running = false;
  }

  #dropDead(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (!first.cancelled && first.life?.alive !== false) return;
      this.#pop();
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function before(one: Entry, other: Entry): boolean {
  return one.atMs !== other.atMs ? one.atMs < other.atMs : one.tie < other.tie;
}

/** After this every promise that could settle without further steps has: immediates run when no microtask is left. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
