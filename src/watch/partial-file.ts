import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { LongshoreError } from '../core/longshore-error.ts';
import type { PartialFile } from '../core/ports.ts';
import { classifyFs } from './classify-fs.ts';
import { PARTIAL_PREFIX } from './default-ignores.ts';

/** Never through a link that somebody put in the partial file's place. Windows has no such flag. */
const NO_FOLLOW = (constants as Partial<typeof constants>).O_NOFOLLOW ?? 0;

/** Beside its target, so that a rename brings it there. */
export function partialPath(dir: string, token: string): string {
  // A token is an operation's id; whatever else it might be, it must not become a path.
  return path.join(dir, PARTIAL_PREFIX + token.replaceAll(/[^\w-]/g, '_'));
}

/** Errors: `local.*`; `local.not-a-file` when something else has the name. */
export async function openPartialFile(file: string, flags: number): Promise<FileHandle> {
  try {
    const handle = await open(file, flags | NO_FOLLOW);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    throw classifyFs(error, file);
  }
  throw new LongshoreError('local.not-a-file', { subject: file });
}

export class DiskPartialFile implements PartialFile {
  readonly #handle: FileHandle;
  readonly #path: string;

  constructor(handle: FileHandle, file: string) {
    this.#handle = handle;
    this.#path = file;
  }

  sizeBytes(): Promise<number> {
    return this.#do(async () => (await this.#handle.stat()).size);
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#do(async () => {
      let filled = 0;
      while (filled < into.length) {
        const { bytesRead } = await this.#handle.read(into, filled, into.length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    });
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.#do(async () => {
      let written = 0;
      while (written < bytes.length) {
        const { bytesWritten } = await this.#handle.write(bytes, written, bytes.length - written, position + written);
        written += bytesWritten;
      }
    });
  }

  sync(): Promise<void> {
    return this.#do(() => this.#handle.sync());
  }

  close(): Promise<void> {
    return this.#do(() => this.#handle.close());
  }

  async #do<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw classifyFs(error, this.#path);
    }
  }
}
