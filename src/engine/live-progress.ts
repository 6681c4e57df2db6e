import type { Clock } from '../core/ports.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import { SpeedMeter } from './speed-meter.ts';

interface Live {
  readonly meter: SpeedMeter;
  doneBytes: number;
  inFlightBytes: number;
}

/** What moves right now: beyond the checkpoints of the database, for people to see. */
export class LiveProgress {
  readonly #clock: Clock;
  readonly #live = new Map<number, Live>();
  readonly #total: SpeedMeter;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#total = new SpeedMeter(clock);
  }

  report(operation: StoredOperation, doneBytes: number, inFlightBytes: number): void {
    let live = this.#live.get(operation.seq);
    if (live === undefined) {
      live = { meter: new SpeedMeter(this.#clock), doneBytes, inFlightBytes: 0 };
      this.#live.set(operation.seq, live);
    }
    const moved = doneBytes + inFlightBytes - live.doneBytes - live.inFlightBytes;
    live.doneBytes = doneBytes;
    live.inFlightBytes = inFlightBytes;
    if (moved <= 0) return;
    live.meter.add(moved);
    this.#total.add(moved);
  }

  ended(operation: StoredOperation): void {
    this.#live.delete(operation.seq);
  }

  /** Bytes on their way and finished; null when the operation does not run. */
  bytes(seq: number): number | null {
    const live = this.#live.get(seq);
    return live === undefined ? null : live.doneBytes + live.inFlightBytes;
  }

  bytesPerSecond(seq: number): number | null {
    return this.#live.get(seq)?.meter.bytesPerSecond() ?? null;
  }

  /** Bytes of running operations that no checkpoint has yet. */
  inFlightBytes(): number {
    let bytes = 0;
    for (const live of this.#live.values()) bytes += live.inFlightBytes;
    return bytes;
  }

  totalBytesPerSecond(): number {
    return this.#total.bytesPerSecond();
  }

  runningSeqs(): IterableIterator<number> {
    return this.#live.keys();
  }
}
