import { constants } from 'node:fs';
import { link, rename, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Fingerprint } from '../core/fingerprint.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { FileStat } from '../core/ports.ts';
import { classifyFs, errnoOf } from './classify-fs.ts';
import { fileStat } from './file-stat.ts';
import { openPartialFile } from './partial-file.ts';
import { isInState, isSameContent, isSameInode, lstatOrNull } from './same-file.ts';
import { syncDirectory } from './sync-directory.ts';

/** File systems without hard links (FAT, some network shares) say so in these ways. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL', 'UNKNOWN']);

/** This file system has no hard links. */
export function hasNoLinks(error: unknown): boolean {
  return NO_LINKS.has(errnoOf(error) ?? '');
}

export interface Placing {
  readonly dir: string;
  readonly target: string;
  readonly partial: string;
  readonly mtimeMs: number | null;
  readonly aside: { readonly expected: Fingerprint; readonly path: string } | null;
}

/**
 * Brings the partial file to its place. What stood there gets its second name first and is then replaced in one step: at
 * no time is the place empty, and a crash at any point leaves what a repetition takes up. A name that is taken is never
 * overwritten. Between the last look and the replacing rename lie microseconds in which no system call of Node's can
 * keep another program from renaming a file of its own there.
 */
export async function placeFile(placing: Placing): Promise<FileStat> {
  const { target, partial, aside } = placing;
  const handle = await openPartialFile(partial, constants.O_RDWR);
  try {
    const before = await prepare(handle, placing);
    if (aside === null) await takeFreeName(partial, target);
    else await replace(partial, target, aside);
    await syncDirectory(placing.dir);
    const after = await handle.stat({ bigint: true });
    // Somebody wrote into it already: what was placed is told, so that the next scan finds the change.
    return fileStat(after.mtimeNs === before.mtimeNs && after.size === before.size ? after : before);
  } catch (error) {
    throw classifyFs(error, target);
  } finally {
    await handle.close();
  }
}

/** Times and mode are set, and all is on the disk, before the file can be seen. */
async function prepare(handle: FileHandle, { target, mtimeMs, aside }: Placing) {
  const replaced = aside === null ? null : await lstatOrNull(target);
  if (replaced?.isFile() === true) await handle.chmod(Number(replaced.mode & 0o777n));
  if (mtimeMs !== null) await handle.utimes(mtimeMs / 1000, mtimeMs / 1000);
  await handle.sync();
  return await handle.stat({ bigint: true });
}

/** `from` becomes `to`, where nothing may be. */
export async function takeFreeName(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') {
      const [ours, there] = [await lstatOrNull(from), await lstatOrNull(to)];
      // An earlier attempt got this far.
      if (ours === null || there === null || !isSameInode(ours, there)) throw changed(to);
    } else if (NO_LINKS.has(errnoOf(error) ?? '')) {
      if ((await lstatOrNull(to)) !== null) throw changed(to);
      await rename(from, to);
      return;
    } else throw error;
  }
  await unlink(from);
}

async function replace(
  partial: string,
  target: string,
  aside: { readonly expected: Fingerprint; readonly path: string },
): Promise<void> {
  const there = await lstatOrNull(target);
  const kept = await lstatOrNull(aside.path);
  if (kept !== null && isSameContent(kept, aside.expected)) {
    // An earlier attempt kept it. Its old name may still be there, or not, where no links are to be had.
    if (there === null) {
      await takeFreeName(partial, target);
      return;
    }
    if (!isSameInode(there, kept)) throw changed(target);
  } else {
    if (there === null || !isInState(there, aside.expected)) throw changed(target);
    if (!(await keep(target, aside))) {
      await takeFreeName(partial, target);
      return;
    }
  }
  const last = await lstatOrNull(target);
  if (last === null || !isSameContent(last, aside.expected)) throw changed(target);
  await rename(partial, target);
}

/** Gives it its second name. False when it had to be moved there, so that its old name is free now. */
async function keep(
  target: string,
  aside: { readonly expected: Fingerprint; readonly path: string },
): Promise<boolean> {
  let linked = true;
  try {
    await link(target, aside.path);
  } catch (error) {
    if (!NO_LINKS.has(errnoOf(error) ?? '')) throw errnoOf(error) === 'EEXIST' ? changed(aside.path) : error;
    if ((await lstatOrNull(aside.path)) !== null) throw changed(aside.path);
    await rename(target, aside.path);
    linked = false;
  }
  const kept = await lstatOrNull(aside.path);
  if (kept !== null && isSameContent(kept, aside.expected)) return linked;
  // Another file came to this name in between: it gets it back.
  if (linked) await unlink(aside.path);
  else await takeFreeName(aside.path, target);
  throw changed(target);
}

function changed(file: string): LongshoreError {
  return new LongshoreError('local.changed', { subject: file });
}
