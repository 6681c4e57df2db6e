import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { chmod, link, mkdir, open, rename, stat, unlink, utimes, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { startChecksum } from '../core/checksum.ts';
import type { Fingerprint } from '../core/fingerprint.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import { classifyFs, errnoOf } from './classify-fs.ts';
import { openPartialFile, partialPath } from './partial-file.ts';
import { isInState, isSameContent, isSameInode, lstatOrNull } from './same-file.ts';
import { syncDirectory } from './sync-directory.ts';
import { hasNoLinks, takeFreeName } from './place-file.ts';

const STEP_BYTES = 1024 * 1024;
/** "name (1000).ext" is taken too: then something else is wrong. */
const MAX_NAMES = 1000;

/**
 * Moves a file into the archive, over file systems if need be; a name that is taken gets " (2)". May be run again after a
 * crash at any point: what an earlier run has reserved, copied or moved is recognised, so that nothing is there twice.
 */
export async function archiveFile(file: string, expected: Fingerprint, archivePath: string): Promise<void> {
  const dir = path.dirname(archivePath);
  try {
    await mkdir(dir, { recursive: true });
    const there = await lstatOrNull(file);
    if (there === null) {
      // A run that died had moved it already; what it worked with may still lie there.
      await removeOwn(reservationOf(file, archivePath));
      throw new LongshoreError('local.vanished', { subject: file });
    }
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

interface Reserved {
  readonly target: string;
  readonly ino: bigint;
}

/**
 * An empty file of ours holds the name, so that nobody's file can be overwritten by what follows. It is a second name of one
 * that is always called the same: so a run that died after this is recognised, and leaves no empty file beside.
 */
async function reserve(reservation: string, archivePath: string): Promise<Reserved> {
  const handle = await openPartialFile(reservation, constants.O_WRONLY | constants.O_CREAT);
  const ours = await statAndClose(handle);
  for (const target of names(archivePath)) {
    try {
      await link(reservation, target);
      return { target, ino: ours.ino };
    } catch (error) {
      if (hasNoLinks(error)) return await reserveWithoutLinks(archivePath);
      if (errnoOf(error) !== 'EEXIST') throw error;
      const there = await lstatOrNull(target);
      if (there !== null && isSameInode(there, ours)) return { target, ino: ours.ino };
    }
  }
  throw noNameLeft(archivePath);
}

async function statAndClose(handle: FileHandle): Promise<BigIntStats> {
  try {
    return await handle.stat({ bigint: true });
  } finally {
    await handle.close();
  }
}

/** On FAT, say: after a crash in this instant an empty file stays. */
async function reserveWithoutLinks(archivePath: string): Promise<Reserved> {
  for (const target of names(archivePath)) {
    try {
      const handle = await open(target, 'wx');
      return { target, ino: (await statAndClose(handle)).ino };
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
  throw noNameLeft(archivePath);
}

/** Names that the runs of one file share, hidden, in the directory of the archive. */
function ownName(file: string, archivePath: string, role: string): string {
  const token = `archive-${createHash('sha256').update(file).digest('hex').slice(0, 16)}${role}`;
  return partialPath(path.dirname(archivePath), token);
}

function reservationOf(file: string, archivePath: string): string {
  return ownName(file, archivePath, '-name');
}

async function removeOwn(name: string): Promise<void> {
  await unlink(name).catch(() => undefined);
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
  const reservation = reservationOf(file, archivePath);
  const { target, ino } = await reserve(reservation, archivePath);
  const release = async (): Promise<void> => {
    if ((await lstatOrNull(target))?.ino === ino) await unlink(target);
    await removeOwn(reservation);
  };
  try {
    await rename(file, target);
  } catch (error) {
    await release();
    if (errnoOf(error) === 'EXDEV') return false;
    throw error;
  }
  await removeOwn(reservation);
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
  const copy = ownName(file, archivePath, '');
  const source = await openPartialFile(file, constants.O_RDONLY);
  try {
    const stats = await source.stat({ bigint: true });
    const earlier = await copyOf(source, stats, archivePath);
    if (earlier !== null) {
      // A run that died before the original had gone.
      await removeOwn(copy);
      await removeOriginal(file, expected, stats);
      return;
    }
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
    try {
      await removeOriginal(file, expected, stats);
    } catch (error) {
      await removeOwn(target);
      throw error;
    }
  } catch (error) {
    await unlink(copy).catch(() => undefined);
    throw error;
  } finally {
    await source.close();
  }
}

/** Only what was read, and is still what was uploaded. */
async function removeOriginal(file: string, expected: Fingerprint, read: BigIntStats): Promise<void> {
  const last = await lstatOrNull(file);
  if (last === null || !isInState(last, expected) || !isSameInode(last, read))
    throw new LongshoreError('local.changed', { subject: file });
  await unlink(file);
}

/**
 * A file in the archive, under one of the names that this one would get, with the same size, time and bytes: what an earlier
 * run has brought there. Were it another's, then nothing but a second copy of the same would be missing.
 */
async function copyOf(source: FileHandle, stats: BigIntStats, archivePath: string): Promise<string | null> {
  let sum: string | null = null;
  for (const name of names(archivePath)) {
    const there = await lstatOrNull(name);
    if (there === null) return null;
    if (!there.isFile() || there.size !== stats.size || !isSameTime(there, stats)) continue;
    const handle = await openPartialFile(name, constants.O_RDONLY);
    try {
      sum ??= await checksum(source, null);
      if ((await checksum(handle, null)) === sum) return name;
    } finally {
      await handle.close();
    }
  }
  return null;
}

/** As far as a time survives being set: file systems keep from 100 ns to 2 s of it. */
function isSameTime(a: BigIntStats, b: BigIntStats): boolean {
  const apartNs = a.mtimeNs - b.mtimeNs;
  return apartNs < 2_000_000_000n && apartNs > -2_000_000_000n;
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
