import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { LongshoreError } from '../core/longshore-error.ts';
import type { FileStat, LocalFiles, OpenFile } from '../core/ports.ts';
import { classifyFs, fsErrorCode } from './classify-fs.ts';
import { fileStat, otherKind } from './file-stat.ts';

/**
 * Never through a final link, and without waiting for the other end of a named pipe that took the file's place. Windows
 * has neither flag.
 */
const OPEN_FLAGS =
  constants.O_RDONLY |
  ((constants as Partial<typeof constants>).O_NOFOLLOW ?? 0) |
  ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0);

/** The disk of this computer, read only. */
export class DiskFiles implements LocalFiles {
  async stat(path: string): Promise<FileStat | null> {
    try {
      return fileStat(await lstat(path, { bigint: true }));
    } catch (error) {
      if (fsErrorCode(error) === 'local.vanished') return null;
      throw classifyFs(error, path);
    }
  }

  async open(path: string): Promise<OpenFile> {
    let handle: FileHandle;
    try {
      handle = await open(path, OPEN_FLAGS);
    } catch (error) {
      throw await refine(path, error);
    }
    try {
      const stats = await handle.stat({ bigint: true });
      if (stats.isDirectory()) throw new LongshoreError('local.vanished', { detail: 'a directory', subject: path });
      if (!stats.isFile()) throw new LongshoreError('local.not-a-file', { detail: otherKind(stats), subject: path });
      return new DiskFile(handle, path);
    } catch (error) {
      await handle.close().catch(() => undefined);
      throw classifyFs(error, path);
    }
  }
}

/** A socket refuses to be opened with ENXIO, which from a file would be a failing disk. */
async function refine(path: string, error: unknown): Promise<LongshoreError> {
  const stats = await lstat(path, { bigint: true }).catch(() => null);
  if (stats !== null && !stats.isFile() && !stats.isDirectory() && !stats.isSymbolicLink()) {
    return new LongshoreError('local.not-a-file', { detail: otherKind(stats), subject: path }, error);
  }
  return classifyFs(error, path);
}

class DiskFile implements OpenFile {
  readonly #handle: FileHandle;
  readonly #path: string;

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  async stat(): Promise<FileStat> {
    try {
      return fileStat(await this.#handle.stat({ bigint: true }));
    } catch (error) {
      throw classifyFs(error, this.#path);
    }
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let filled = 0;
    try {
      while (filled < into.length) {
        const { bytesRead } = await this.#handle.read(into, filled, into.length - filled, position + filled);
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
      await this.#handle.close();
    } catch (error) {
      throw classifyFs(error, this.#path);
    }
  }
}
