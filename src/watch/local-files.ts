import { type BigIntStats, close, fstat, lstat, open, read } from 'node:fs';
import { LongshoreError } from '../core/longshore-error.ts';
import type { FileStat, LocalFiles, OpenFile, WantedFile, WholeFile } from '../core/ports.ts';
import { classifyFs, fsErrorCode } from './classify-fs.ts';
import { fileStat, otherKind } from './file-stat.ts';
import { OPEN_FLAGS } from './open-flags.ts';
import { readInSteps } from './read-in-steps.ts';

/**
 * One call of the system as a promise. Descriptors and not `FileHandle`s: these take twice the engine's time for each call,
 * and a small file takes six.
 */
function called<T>(call: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error === null) resolve(value);
      else reject(error);
    });
  });
}

const lookAt = (path: string) =>
  called<BigIntStats>((done) => {
    lstat(path, { bigint: true }, done);
  });
const statOf = (descriptor: number) =>
  called<BigIntStats>((done) => {
    fstat(descriptor, { bigint: true }, done);
  });
const closed = (descriptor: number) =>
  called<undefined>((done) => {
    close(descriptor, (error) => done(error ?? null, undefined));
  });

/** The disk of this computer, read only. */
export class DiskFiles implements LocalFiles {
  async stat(path: string): Promise<FileStat | null> {
    try {
      return fileStat(await lookAt(path));
    } catch (error) {
      if (fsErrorCode(error) === 'local.vanished') return null;
      throw classifyFs(error, path);
    }
  }

  async open(path: string): Promise<OpenFile> {
    let descriptor: number;
    try {
      descriptor = await called<number>((done) => {
        open(path, OPEN_FLAGS, done);
      });
    } catch (error) {
      throw await refine(path, error);
    }
    try {
      const stats = await statOf(descriptor);
      if (stats.isDirectory()) throw new LongshoreError('local.vanished', { detail: 'a directory', subject: path });
      if (!stats.isFile()) throw new LongshoreError('local.not-a-file', { detail: otherKind(stats), subject: path });
      return new DiskFile(descriptor, path);
    } catch (error) {
      await closed(descriptor).catch(() => undefined);
      throw classifyFs(error, path);
    }
  }

  readWhole(wanted: WantedFile, signal: AbortSignal): Promise<WholeFile> {
    return readInSteps(this, wanted, signal);
  }
}

/** A socket refuses to be opened with ENXIO, which from a file would be a failing disk. */
async function refine(path: string, error: unknown): Promise<LongshoreError> {
  const stats = await lookAt(path).catch(() => null);
  if (stats !== null && !stats.isFile() && !stats.isDirectory() && !stats.isSymbolicLink()) {
    return new LongshoreError('local.not-a-file', { detail: otherKind(stats), subject: path }, error);
  }
  return classifyFs(error, path);
}

class DiskFile implements OpenFile {
  readonly #descriptor: number;
  readonly #path: string;

  constructor(descriptor: number, path: string) {
    this.#descriptor = descriptor;
    this.#path = path;
  }

  async stat(): Promise<FileStat> {
    try {
      return fileStat(await statOf(this.#descriptor));
    } catch (error) {
      throw classifyFs(error, this.#path);
    }
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let filled = 0;
    try {
      while (filled < into.length) {
        const bytesRead = await called<number>((done) => {
          read(this.#descriptor, into, filled, into.length - filled, position + filled, done);
        });
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
    } catch (error) {
      throw classifyFs(error, this.#path);
    }
    return filled;
  }

  async close(): Promise<void> {
    try {
      await closed(this.#descriptor);
    } catch (error) {
      throw classifyFs(error, this.#path);
    }
  }
}
