import { constants } from 'node:fs';
import { statfs, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Fingerprint } from '../core/fingerprint.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { FileStat, LocalChanges, PartialFile } from '../core/ports.ts';
import { archiveFile, forgetArchiving } from './archive-file.ts';
import { classifyFs, fsErrorCode } from './classify-fs.ts';
import { confine, confineExisting } from './confined-path.ts';
import { readMarkerFile, writeMarkerFile } from './marker-file.ts';
import { DiskPartialFile, openPartialFile, partialPath } from './partial-file.ts';
import { placeFile } from './place-file.ts';
import { isInState, lstatOrNull } from './same-file.ts';
import { syncDirectory } from './sync-directory.ts';
import { trashFile } from './trash-file.ts';

export interface DiskChangesOptions {
  /** The folders' roots: nothing outside of them is touched. */
  readonly roots: () => readonly string[];
  /** Takes one file to the trash, if it still is as expected. Default: the system's own way; a host may know a better one. */
  readonly moveToTrash?: (file: string, expected: Fingerprint, signal: AbortSignal) => Promise<void>;
}

/** The disk of this computer, where users chose that Longshore changes their files (P13). */
export class DiskChanges implements LocalChanges {
  readonly #roots: () => readonly string[];
  readonly #moveToTrash: (file: string, expected: Fingerprint, signal: AbortSignal) => Promise<void>;
  /** The tokens of what is being archived. */
  readonly #archiving = new Set<string>();

  constructor(options: DiskChangesOptions) {
    this.#roots = options.roots;
    this.#moveToTrash =
      options.moveToTrash ?? ((file, expected, signal) => trashFile(file, expected, signal, this.#roots()));
  }

  async openPartial(file: string, token: string): Promise<PartialFile> {
    const place = await confine(file, this.#roots(), true);
    if (place === null) throw new LongshoreError('local.vanished', { subject: file });
    const part = partialPath(place.dir, token);
    return new DiskPartialFile(await openPartialFile(part, constants.O_RDWR | constants.O_CREAT), part);
  }

  async place(
    file: string,
    token: string,
    mtimeMs: number | null,
    aside: { readonly expected: Fingerprint; readonly asidePath: string } | null,
  ): Promise<FileStat> {
    const place = await confineExisting(file, this.#roots());
    const kept = aside === null ? null : await confineExisting(aside.asidePath, this.#roots());
    if (kept !== null && kept.dir !== place.dir) {
      throw new LongshoreError('local.unsafe-path', { subject: kept.file, detail: 'it is not beside the file' });
    }
    return await placeFile({
      dir: place.dir,
      target: place.file,
      partial: partialPath(place.dir, token),
      mtimeMs,
      aside: aside === null || kept === null ? null : { expected: aside.expected, path: kept.file },
    });
  }

  async removePartial(file: string, token: string): Promise<void> {
    const place = await confine(file, this.#roots());
    if (place === null) return;
    const part = partialPath(place.dir, token);
    try {
      await unlink(part);
    } catch (error) {
      if (fsErrorCode(error) !== 'local.vanished') throw classifyFs(error, part);
    }
  }

  async trash(file: string, expected: Fingerprint, signal: AbortSignal): Promise<void> {
    const place = await confineExisting(file, this.#roots());
    await inState(place.file, expected);
    signal.throwIfAborted();
    await this.#moveToTrash(place.file, expected, signal);
    if ((await lstatOrNull(place.file)) !== null) {
      throw new LongshoreError('local.trash-failed', { subject: file, detail: 'the file is still there' });
    }
    await syncDirectory(place.dir);
  }

  archive(file: string, expected: Fingerprint, archivePath: string, token: string, signal: AbortSignal): Promise<void> {
    return this.#alone(archivePath, token, async () => {
      const place = await confine(file, this.#roots());
      if (place === null) {
        await forgetArchiving({ expected, archivePath, token });
        throw new LongshoreError('local.vanished', { subject: file });
      }
      await archiveFile({ file: place.file, expected, archivePath, token, signal });
    });
  }

  forgetArchive(expected: Fingerprint, archivePath: string, token: string): Promise<void> {
    return this.#alone(archivePath, token, () => forgetArchiving({ expected, archivePath, token }));
  }

  /** A run that hung, and that nobody waits for any more, and the next one must not take each other's working files. */
  async #alone(archivePath: string, token: string, work: () => Promise<void>): Promise<void> {
    if (this.#archiving.has(token)) {
      const detail = 'an earlier attempt has not ended yet';
      throw new LongshoreError('local.archive-failed', { subject: archivePath, detail });
    }
    this.#archiving.add(token);
    try {
      await work();
    } finally {
      this.#archiving.delete(token);
    }
  }

  readMarker(root: string): Promise<string | null> {
    return readMarkerFile(root);
  }

  writeMarker(root: string, marker: string): Promise<void> {
    return writeMarkerFile(root, marker);
  }

  /** Of the directory that is to be made, where there is none yet: its parent's. */
  async freeBytes(file: string): Promise<number> {
    for (let at = file; ; at = path.dirname(at)) {
      try {
        const { bavail, bsize } = await statfs(at);
        return bavail * bsize;
      } catch (error) {
        if (fsErrorCode(error) !== 'local.vanished' || path.dirname(at) === at) throw classifyFs(error, at);
      }
    }
  }
}

async function inState(file: string, expected: Fingerprint): Promise<void> {
  const stats = await lstatOrNull(file);
  if (stats === null) throw new LongshoreError('local.vanished', { subject: file });
  if (!isInState(stats, expected)) throw new LongshoreError('local.changed', { subject: file });
}
