import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DurableFs } from './durable-fs.ts';

const WRITE_BATCH_BYTES = 1024 * 1024;
const READ_BUFFER_BYTES = 512 * 1024;

/**
 * Immutable files of bytes under random names. A blob belongs to the one record that names it; a blob that no record
 * names is rubbish of a crash and is swept at the next start. Removal waits for readers, so that an overwrite never
 * cuts a download short.
 */
export class BlobStore {
  readonly #directory: string;
  readonly #temporaryDirectory: string;
  readonly #files: DurableFs;
  readonly #readers = new Map<string, number>();
  readonly #doomed = new Set<string>();

  constructor(directory: string, temporaryDirectory: string, files: DurableFs) {
    this.#directory = directory;
    this.#temporaryDirectory = temporaryDirectory;
    this.#files = files;
  }

  #path(id: string): string {
    return join(this.#directory, id.slice(0, 2), id);
  }

  /** Stores everything that `source` yields; when it throws, nothing is left. Holds at most 2 MiB in memory. */
  async write(source: AsyncIterable<Buffer>): Promise<{ id: string; sizeBytes: number }> {
    const id = randomUUID();
    const temporary = join(this.#temporaryDirectory, id);
    const handle = await open(temporary, 'wx', 0o600);
    let sizeBytes = 0;
    try {
      sizeBytes = await writeAll(handle, source);
      if (this.#files.fsync) await handle.datasync();
      await handle.close();
      await this.#files.ensureDirectory(dirname(this.#path(id)));
      await rename(temporary, this.#path(id));
      await this.#files.syncDirectory(dirname(this.#path(id)));
    } catch (error) {
      await handle.close().catch(() => undefined);
      await rm(temporary, { force: true });
      throw error;
    }
    return { id, sizeBytes };
  }

  /** A second name for the same bytes: a copy that costs nothing, since blobs never change. */
  async duplicate(id: string): Promise<string> {
    const copy = randomUUID();
    await this.#files.ensureDirectory(dirname(this.#path(copy)));
    await link(this.#path(id), this.#path(copy));
    await this.#files.syncDirectory(dirname(this.#path(copy)));
    return copy;
  }

  /** Keeps blobs readable until the returned function is called (once). */
  hold(ids: readonly string[]): () => void {
    for (const id of ids) this.#readers.set(id, (this.#readers.get(id) ?? 0) + 1);
    return () => {
      for (const id of ids) {
        const left = (this.#readers.get(id) ?? 1) - 1;
        if (left > 0) this.#readers.set(id, left);
        else this.#readers.delete(id);
        if (left <= 0 && this.#doomed.delete(id)) void rm(this.#path(id), { force: true });
      }
    };
  }

  /** Bytes `start` to `end` (inclusive) of a blob that is held. */
  async *read(id: string, start: number, end: number): AsyncGenerator<Buffer> {
    if (end < start) return;
    const stream = createReadStream(this.#path(id), { start, end, highWaterMark: READ_BUFFER_BYTES });
    for await (const chunk of stream) yield chunk as Buffer;
  }

  /** Removes blobs that no record names any more; not made durable, since the next start sweeps what comes back. */
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      if (this.#readers.has(id)) this.#doomed.add(id);
      else await rm(this.#path(id), { force: true });
    }
  }

  /** Removes every blob that is not in `named`. Only before the first request. */
  async sweep(named: ReadonlySet<string>): Promise<void> {
    for (const shard of await readdir(this.#directory).catch(() => [])) {
      for (const id of await readdir(join(this.#directory, shard))) {
        if (!named.has(id)) await rm(join(this.#directory, shard, id), { force: true });
      }
    }
  }
}

/** Writes in batches, one in flight while the next gathers. */
async function writeAll(handle: FileHandle, source: AsyncIterable<Buffer>): Promise<number> {
  let batch: Buffer[] = [];
  let batchBytes = 0;
  let total = 0;
  let inFlight: Promise<unknown> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await inFlight;
    if (batch.length === 0) return;
    inFlight = writeFully(handle, batch, batchBytes, total - batchBytes);
    // The failure is thrown at the next await; without a handler meanwhile it would count as unhandled.
    inFlight.catch(() => undefined);
    batch = [];
    batchBytes = 0;
  };
  try {
    for await (const chunk of source) {
      batch.push(chunk);
      batchBytes += chunk.length;
      total += chunk.length;
      if (batchBytes >= WRITE_BATCH_BYTES) await flush();
    }
    await flush();
  } finally {
    await inFlight;
  }
  return total;
}

async function writeFully(handle: FileHandle, batch: Buffer[], sizeBytes: number, position: number): Promise<void> {
  const { bytesWritten } = await handle.writev(batch, position);
  if (bytesWritten === sizeBytes) return;
  // A short write is legal (a nearly full disk): the rest goes through the plain path, which loops or fails.
  const rest = Buffer.concat(batch).subarray(bytesWritten);
  let done = 0;
  while (done < rest.length) {
    const step = await handle.write(rest, done, rest.length - done, position + bytesWritten + done);
    done += step.bytesWritten;
  }
}
