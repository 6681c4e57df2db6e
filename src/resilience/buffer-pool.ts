/** Reused buffers for parts, so that memory is bounded by the transfers in flight and not churned. */
export class BufferPool {
  readonly #free: Uint8Array[] = [];
  readonly #keep: number;

  /** Keeps at most `keep` idle buffers. */
  constructor(keep: number) {
    this.#keep = keep;
  }

  /** A buffer of exactly `sizeBytes`, with whatever was in it. */
  take(sizeBytes: number): Uint8Array {
    const index = this.#free.findIndex(
      (buffer) => buffer.byteLength >= sizeBytes && buffer.byteLength <= sizeBytes * 4 + 65_536,
    );
    const buffer = index >= 0 ? this.#free.splice(index, 1)[0] : undefined;
    return (buffer ?? new Uint8Array(sizeBytes)).subarray(0, sizeBytes);
  }

  /** Give back only what nothing reads any more. */
  give(buffer: Uint8Array): void {
    if (this.#free.length < this.#keep) this.#free.push(new Uint8Array(buffer.buffer));
  }
}
