import { LongshoreError } from '../../src/core/longshore-error.ts';
import type { Fingerprint } from '../../src/core/fingerprint.ts';
import type { FileStat, LocalChanges, PartialFile } from '../../src/core/ports.ts';
import { PARTIAL_PREFIX } from '../../src/watch/default-ignores.ts';
import { MARKER_NAME } from '../../src/watch/default-ignores.ts';
import { hashOf, parentOf, statOf, type SimNode } from './sim-disk.ts';
import { SimFiles, type SimFilesOptions } from './sim-files.ts';

/** Where this machine's trash can is: outside of every folder. */
const TRASH = '/trash';

/** Longshore took a user's file from its path: what it held then, and where it is kept now. */
export interface LocalChange {
  readonly how: 'place' | 'trash' | 'archive';
  readonly path: string;
  /** Null: nothing stood there. */
  readonly hash: string | null;
  readonly keptAt: string | null;
}

export interface SimChangesOptions extends SimFilesOptions {
  readonly onChange: (change: LocalChange) => void;
}

/** LocalChanges over the simulated disk, step by step: an engine may die between any two, and the disk may change. */
export class SimChanges implements LocalChanges {
  readonly #options: SimChangesOptions;
  readonly #files: SimFiles;

  constructor(options: SimChangesOptions) {
    this.#options = options;
    this.#files = new SimFiles(options);
  }

  openPartial(path: string, token: string): Promise<PartialFile> {
    return this.#step('open partial', path, () => {
      const { disk } = this.#options;
      this.#parent(path);
      const partial = partialOf(path, token);
      if (disk.find(partial) === null) disk.write(partial, new Uint8Array(0));
      return new SimPartialFile(disk.find(partial) as SimNode & { bytes: Uint8Array }, this.#files, this.#options);
    });
  }

  /** As on a disk: the second name first, then one rename over the first; whatever an attempt left is taken up. */
  async place(
    path: string,
    token: string,
    mtimeMs: number | null,
    aside: { readonly expected: Fingerprint; readonly asidePath: string } | null,
  ): Promise<FileStat> {
    const { disk, onChange } = this.#options;
    const partial = partialOf(path, token);
    await this.#step('place', path, () => {
      const node = this.#there(partial);
      if (mtimeMs !== null) disk.setMtime(node, mtimeMs);
      disk.sync(node);
    });
    if (aside !== null) {
      await this.#step('keep aside', path, () => {
        const kept = disk.find(aside.asidePath);
        if (kept !== null && isSameContent(kept, aside.expected)) return;
        const node = this.#expect(path, aside.expected);
        if (kept !== null) throw new LongshoreError('local.changed', { subject: aside.asidePath });
        disk.link(path, aside.asidePath);
        onChange({ how: 'place', path, hash: hashOf(node.bytes), keptAt: aside.asidePath });
      });
    }
    return await this.#step('place whole', path, () => {
      const there = disk.reach(path);
      if (there !== null && (aside === null || !isSameContent(there, aside.expected)))
        throw new LongshoreError('local.changed', { subject: path });
      this.#parent(path);
      disk.rename(partial, path);
      onChange({ how: 'place', path, hash: null, keptAt: null });
      return statOf(this.#there(path));
    });
  }

  removePartial(path: string, token: string): Promise<void> {
    return this.#step('remove partial', path, () => {
      this.#options.disk.remove(partialOf(path, token));
    });
  }

  trash(path: string, expected: Fingerprint): Promise<void> {
    return this.#step('trash', path, () => {
      const { disk, onChange } = this.#options;
      if (disk.putsNothingAway) throw new LongshoreError('local.io', { subject: path });
      const node = this.#expect(path, expected);
      disk.mkdir(TRASH);
      const keptAt = `${TRASH}/${node.ino}`;
      disk.rename(path, keptAt);
      onChange({ how: 'trash', path, hash: hashOf(node.bytes), keptAt });
    });
  }

  /** Over file systems: a copy first, then the original goes, if it still is what was copied. */
  async archive(
    path: string,
    expected: Fingerprint,
    archivePath: string,
    _token: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { disk, onChange } = this.#options;
    signal.throwIfAborted();
    const target = await this.#step('archive copy', path, () => {
      if (disk.putsNothingAway) throw new LongshoreError('local.io', { subject: path });
      const node = this.#expect(path, expected);
      const free = freeName(archivePath, (name) => disk.find(name) === null);
      disk.write(free, node.bytes);
      return free;
    });
    await this.#step('archive', path, () => {
      const node = this.#expect(path, expected);
      disk.remove(path);
      onChange({ how: 'archive', path, hash: hashOf(node.bytes), keptAt: target });
    });
  }

  /** The copy of this disk is there at once, or not at all. */
  forgetArchive(): Promise<void> {
    return Promise.resolve();
  }

  readMarker(root: string): Promise<string | null> {
    return this.#step('read marker', root, () => {
      const node = this.#options.disk.reach(`${root}/${MARKER_NAME}`);
      return node === null || node.bytes === null ? null : Buffer.from(node.bytes).toString();
    });
  }

  writeMarker(root: string, marker: string): Promise<void> {
    return this.#step('write marker', root, () => {
      const { disk } = this.#options;
      const node = disk.reach(root);
      if (node === null || node.bytes !== null) throw new LongshoreError('local.vanished', { subject: root });
      if (!node.readable) throw new LongshoreError('local.permission', { subject: root });
      disk.write(`${root}/${MARKER_NAME}`, Buffer.from(marker));
    });
  }

  freeBytes(path: string): Promise<number> {
    return this.#step('statfs', path, () => this.#options.disk.freeBytes);
  }

  #step<T>(label: string, path: string, work: () => T): Promise<T> {
    return this.#files.later(label, () => {
      if (this.#options.faults.strikes('io', 'changes')) throw new LongshoreError('local.io', { subject: path });
      return this.#options.disk.byEngine(work);
    });
  }

  /** The directory of a path has to be there: a folder that is gone is not made anew. */
  #parent(path: string): void {
    const { disk, root } = { disk: this.#options.disk, root: path.split('/').slice(0, 3).join('/') };
    const top = disk.reach(root);
    if (top === null || top.bytes !== null) throw new LongshoreError('local.vanished', { subject: root });
    for (let at = parentOf(path); at.length > root.length; at = parentOf(at)) {
      const node = disk.reach(at);
      if (node !== null && node.bytes !== null) throw new LongshoreError('local.not-a-file', { subject: at });
    }
    disk.mkdir(parentOf(path));
  }

  #there(path: string): SimNode & { bytes: Uint8Array } {
    const node = this.#options.disk.reach(path);
    if (node === null || node.bytes === null) throw new LongshoreError('local.vanished', { subject: path });
    return node as SimNode & { bytes: Uint8Array };
  }

  #expect(path: string, expected: Fingerprint): SimNode & { bytes: Uint8Array } {
    const node = this.#there(path);
    if (statOf(node).fingerprint !== expected) throw new LongshoreError('local.changed', { subject: path });
    return node;
  }
}

class SimPartialFile implements PartialFile {
  readonly #node: SimNode & { bytes: Uint8Array };
  readonly #files: SimFiles;
  readonly #options: SimChangesOptions;

  constructor(node: SimNode & { bytes: Uint8Array }, files: SimFiles, options: SimChangesOptions) {
    this.#node = node;
    this.#files = files;
    this.#options = options;
  }

  sizeBytes(): Promise<number> {
    return this.#files.later('partial size', () => this.#node.bytes.byteLength);
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#files.later('read partial', () => {
      const piece = this.#node.bytes.subarray(position, position + into.byteLength);
      into.set(piece);
      return piece.byteLength;
    });
  }

  /** The bytes are taken when the call is made: its maker may use the buffer again only after it. */
  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.#files.later('write partial', () => {
      const { disk, faults } = this.#options;
      if (disk.freeBytes < bytes.byteLength) throw new LongshoreError('local.disk-full', {});
      if (faults.strikes('io', 'changes')) throw new LongshoreError('local.io', {});
      disk.writeLoosely(this.#node, position, bytes);
    });
  }

  sync(): Promise<void> {
    return this.#files.later('sync partial', () => {
      this.#options.disk.sync(this.#node);
    });
  }

  close(): Promise<void> {
    return this.#files.later('close partial', () => undefined);
  }
}

function partialOf(path: string, token: string): string {
  return `${parentOf(path)}/${PARTIAL_PREFIX}${token}`;
}

/** Renames and links move the ctime alone. */
function isSameContent(node: SimNode, expected: Fingerprint): boolean {
  const [size, mtime, , ino, dev] = expected.split('.');
  const [ourSize, ourMtime, , ourIno, ourDev] = statOf(node).fingerprint.split('.');
  return node.bytes !== null && size === ourSize && mtime === ourMtime && ino === ourIno && dev === ourDev;
}

/** `name (2).ext` and so on where a name is taken. */
function freeName(path: string, isFree: (path: string) => boolean): string {
  const dot = path.lastIndexOf('.');
  const cut = dot > path.lastIndexOf('/') + 1 ? dot : path.length;
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? path : `${path.slice(0, cut)} (${count})${path.slice(cut)}`;
    if (isFree(name)) return name;
  }
}
