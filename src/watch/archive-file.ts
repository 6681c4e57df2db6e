import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, mkdir, open, rename, stat, unlink, utimes, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { startChecksum } from '../core/checksum.ts';
import type { Fingerprint } from '../core/fingerprint.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import { classifyFs, errnoOf } from './classify-fs.ts';
import { openPartialFile, partialPath } from './partial-file.ts';
import { isInState, isSameContent, isSameInode, lstatOrNull } from './same-file.ts';
import { syncDirectory } from './sync-directory.ts';
import { takeFreeName } from './place-file.ts';

const STEP_BYTES = 1024 * 1024;
/** "name (1000).ext" is taken too: then something else is wrong. */
const MAX_NAMES = 1000;

/** Moves a file into the archive, over file systems if need be; a name that is taken gets " (2)". */
export async function archiveFile(file: string, expected: Fingerprint, archivePath: string): Promise<void> {
  const dir = path.dirname(archivePath);
  try {
    await mkdir(dir, { recursive: true });
    const there = await lstatOrNull(file);
    if (there === null) throw new LongshoreError('local.vanished', { subject: file });
    if (!isInState(there, expected)) throw new LongshoreError('local.changed', { subject: file });
    const isNear = there.dev === (await stat(dir, { bigint: true })).dev;
    if (!isNear || !(await renamed(file, expected, archivePath))) await copied(file, expected, archivePath);
    await syncDirectory(dir);
    await syncDirectory(path.dirname(file));
  } catch (error) {
    throw classifyFs(error, file);
  }
}

/** "name", "name (2)" and on. */
function* names(archivePath: string): Generator<string, void, void> {
  const { dir, name, ext } = path.parse(archivePath);
  yield archivePath;
  for (let count = 2; count <= MAX_NAMES; count += 1) yield path.join(dir, `${name} (${count})${ext}`);
}

function noNameLeft(archivePath: string): LongshoreError {
  return new LongshoreError('local.io', { subject: archivePath, detail: `there are ${MAX_NAMES} files of this name` });
}

/** An empty file of ours holds the name, so that nobody's file can be overwritten by what follows. */
async function reserve(archivePath: string): Promise<{ readonly target: string; readonly ino: bigint }> {
  for (const target of names(archivePath)) {
    try {
      const handle = await open(target, 'wx');
      try {
        return { target, ino: (await handle.stat({ bigint: true })).ino };
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
  throw noNameLeft(archivePath);
}

/** The finished copy gets the first name that is free, in one step. */
async function takeNextName(copy: string, archivePath: string): Promise<string> {
  for (const target of names(archivePath)) {
    try {
      await takeFreeName(copy, target);
      return target;
    } catch (error) {
      if (!(error instanceof LongshoreError) || error.code !== 'local.changed') throw error;
    }
  }
  throw noNameLeft(archivePath);
}

/** False when that is not to be had: the archive is on another file system after all (a bind mount, say). */
async function renamed(file: string, expected: Fingerprint, archivePath: string): Promise<boolean> {
  const { target, ino } = await reserve(archivePath);
  const release = async (): Promise<void> => {
    if ((await lstatOrNull(target))?.ino === ino) await unlink(target);
  };
  try {
    await rename(file, target);
  } catch (error) {
    await release();
    if (errnoOf(error) === 'EXDEV') return false;
    throw error;
  }
  const moved = await lstatOrNull(target);
  if (moved !== null && isSameContent(moved, expected)) return true;
  // Another file came to this name since the look: it goes back; where its place is taken by now, it stays kept here.
  await takeFreeName(target, file);
  throw new LongshoreError('local.changed', { subject: file });
}

/**
 * To another file system: the original goes only once a copy, read back, is known to hold the same bytes. The copy has a
 * hidden name until it is whole, always the same one, so that what a crash leaves is overwritten by the next attempt.
 */
async function copied(file: string, expected: Fingerprint, archivePath: string): Promise<void> {
  const token = `archive-${createHash('sha256').update(file).digest('hex').slice(0, 16)}`;
  const copy = partialPath(path.dirname(archivePath), token);
  const source = await openPartialFile(file, constants.O_RDONLY);
  try {
    const stats = await source.stat({ bigint: true });
    const out = await openPartialFile(copy, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC);
    try {
      const sent = await checksum(source, (bytes) => out.writeFile(bytes));
      await out.sync();
      if ((await checksum(out, null)) !== sent) throw new LongshoreError('local.io', { subject: copy });
    } finally {
      await out.close();
    }
    await chmod(copy, Number(stats.mode & 0o777n));
    await utimes(copy, Number(stats.atimeNs) / 1e9, Number(stats.mtimeNs) / 1e9);
    const target = await takeNextName(copy, archivePath);
    await syncDirectory(path.dirname(target));
    const last = await lstatOrNull(file);
    if (last === null || !isInState(last, expected) || !isSameInode(last, stats)) {
      await unlink(target);
      throw new LongshoreError('local.changed', { subject: file });
    }
    await unlink(file);
  } catch (error) {
    await unlink(copy).catch(() => undefined);
    throw error;
  } finally {
    await source.close();
  }
}

/** Reads all of it from the start, handing on what it reads. */
async function checksum(handle: FileHandle, take: ((bytes: Uint8Array) => Promise<void>) | null): Promise<string> {
  const running = startChecksum('CRC64NVME');
  const buffer = Buffer.alloc(STEP_BYTES);
  for (let position = 0; ;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) break;
    const bytes = buffer.subarray(0, bytesRead);
    running.update(bytes);
    await take?.(bytes);
    position += bytesRead;
  }
  return (await running.finish()).value;
}
