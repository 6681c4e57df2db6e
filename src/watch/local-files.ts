import { type BigIntStats, close, fstat, lstat, open, read } from 'node:fs';
import { LongshoreError } from '../core/longshore-error.ts';
import type { FileStat, LocalFiles, OpenFile, WantedFile, WholeFile } from '../core/ports.ts';
import { classifyFs, fsErrorCode } from './classify-fs.ts';
import { fileStat, otherKind } from './file-stat.ts';
import { type CallsFor, type FolderCalls, UNBOUNDED } from './folder-calls.ts';
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

/** One call reads at most so much: of a slow drive each is to end well before it counts as silent. */
const READ_BYTES = 2 ** 21;

/** The disk of this computer, read only. */
export class DiskFiles implements LocalFiles {
  readonly #calls: CallsFor;

  constructor(calls: CallsFor = UNBOUNDED) {
    this.#calls = calls;
  }

  async stat(path: string): Promise<FileStat | null> {
    try {
      return fileStat(await this.#calls.of(path).run(() => lookAt(path)));
    } catch (error) {
      if (fsErrorCode(error) === 'local.vanished') return null;
      throw classifyFs(error, path);
    }
  }

  async open(path: string): Promise<OpenFile> {
    const calls = this.#calls.of(path);
    let descriptor: number;
    try {
      descriptor = await calls.run(
        () =>
          called<number>((done) => {
            open(path, OPEN_FLAGS, done);
          }),
        {
          onLate: (late) => {
            close(late, () => undefined);
          },
        },
      );
    } catch (error) {
      throw await refine(calls, path, error);
    }
    const file = new DiskFile(calls, descriptor, path);
    try {
      await file.requireRegular();
      return file;
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  readWhole(wanted: WantedFile, signal: AbortSignal): Promise<WholeFile> {
    return readInSteps(this, wanted, signal);
  }
}

type Calls = Pick<FolderCalls, 'run'>;

/** A socket refuses to be opened with ENXIO, which from a file would be a failing disk. */
async function refine(calls: Calls, path: string, error: unknown): Promise<LongshoreError> {
  const stats = await calls.run(() => lookAt(path)).catch(() => null);
  if (stats !== null && !stats.isFile() && !stats.isDirectory() && !stats.isSymbolicLink()) {
    return new LongshoreError('local.not-a-file', { detail: otherKind(stats), subject: path }, error);
  }
  return classifyFs(error, path);
}

class DiskFile implements OpenFile {
  readonly #calls: Calls;
  readonly #descriptor: number;
  readonly #path: string;
  /** Calls that are with the system, also those that nobody waits for any more: until they end the descriptor stays theirs. */
  #underWay = 0;
  #isClosing = false;

  constructor(calls: Calls, descriptor: number, path: string) {
    this.#calls = calls;
    this.#descriptor = descriptor;
    this.#path = path;
  }

  async requireRegular(): Promise<void> {
    const stats = await this.#stats();
    const subject = this.#path;
    if (stats.isDirectory()) throw new LongshoreError('local.vanished', { detail: 'a directory', subject });
    if (!stats.isFile()) throw new LongshoreError('local.not-a-file', { detail: otherKind(stats), subject });
  }

  async stat(): Promise<FileStat> {
    return fileStat(await this.#stats());
  }

  /** What is rejected may still be written to `into`, as long as a call hangs: it is not to be used for anything else. */
  async read(into: Uint8Array, position: number): Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      const wanted = Math.min(into.length - filled, READ_BYTES);
      const bytesRead = await this.#do(() =>
        called<number>((done) => {
          read(this.#descriptor, into, filled, wanted, position + filled, done);
        }),
      );
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    // The last that ends closes it.
    if (this.#underWay > 0) return;
    try {
      await this.#calls.run(() => closed(this.#descriptor), { isOwed: true });
    } catch (error) {
      const failure = classifyFs(error, this.#path);
      // Then it is closed as soon as the file system answers; whatever was done with the file holds.
      if (failure.code !== 'folder.silent') throw failure;
    }
  }

  async #counted<T>(call: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await call();
    } finally {
      this.#underWay -= 1;
      if (this.#isClosing && this.#underWay === 0) close(this.#descriptor, () => undefined);
    }
  }

  #stats(): Promise<BigIntStats> {
    return this.#do(() => statOf(this.#descriptor));
  }

  async #do<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await this.#calls.run(() => this.#counted(call));
    } catch (error) {
      throw classifyFs(error, this.#path);
    }
  }
}
