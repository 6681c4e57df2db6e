import type { Random } from '../../src/core/ports.ts';

/**
 * sfc32 by Chris Doty-Humphrey (PractRand): small, quick, passes its author's test suite. Seeded through splitmix32
 * (the 32-bit finaliser of MurmurHash3 over a Weyl sequence), so that neighbouring seeds give unrelated streams.
 */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    let state = seed | 0;
    const next = () => {
      state = (state + 0x9e3779b9) | 0;
      let mixed = state ^ (state >>> 16);
      mixed = Math.imul(mixed, 0x85ebca6b);
      mixed ^= mixed >>> 13;
      mixed = Math.imul(mixed, 0xc2b2ae35);
      return mixed ^ (mixed >>> 16);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    for (let round = 0; round < 12; round += 1) this.next32();
  }

  /** Uniform in 0 … 2³² − 1. */
  next32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  fraction(): number {
    return this.next32() / 2 ** 32;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let index = 0; index < count; index += 1) bytes[index] = this.next32() >>> 24;
    return bytes;
  }

  /** An integer in 0 … count − 1. */
  below(count: number): number {
    return Math.floor(this.fraction() * count);
  }

  /** An integer in low … high, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  /** One of the names, each with its weight (≥ 0, not all 0). */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    const last = entries.findLast(([, weight]) => weight > 0);
    if (last === undefined) throw new Error('nothing to choose from');
    return last[0];
  }

  /** A stream of its own: what draws from it does not shift this one's later numbers. */
  fork(): SeededRandom {
    return new SeededRandom(this.next32());
  }
}
