import { constants, type BigIntStats } from 'node:fs';
import { chmod, mkdir, rename, stat, unlink, utimes, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { startChecksum } from '../core/checksum.ts';
import { parseFingerprint, type Fingerprint } from '../core/fingerprint.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import { archiveNames, noNameLeft } from './archive-names.ts';
import { clearReservation, reservationUsed, reserveName } from './archive-reservation.ts';
import { archiveTrouble } from './archive-trouble.ts';
import { errnoOf } from './classify-fs.ts';
import { openPartialFile, partialPath } from './partial-file.ts';
import { takeFreeName } from './place-file.ts';
import { isInState, isSameContent, isSameInode, lstatOrNull } from './same-file.ts';
import { syncDirectory } from './sync-directory.ts';

const STEP_BYTES = 1024 * 1024;

/** What is archived, where, and for which operation: its working files are named after that. */
export interface Archiving {
  /** Its directory is known to be really there. */
  readonly file: string;
  readonly expected: Fingerprint;
  /** A name that is taken gets " (2)". */
  readonly archivePath: string;
  readonly token: string;
  /** Aborted: the run ends at its next step, with the original where it is. */
  readonly signal: AbortSignal;
}

type Leftovers = Omit<Archiving, 'file' | 'signal'>;

/**
 * Moves a file into the archive, over file systems if need be. May be run again after a crash at any point: what an earlier
 * run has reserved or copied goes first, and what it has brought there already is recognised, so that nothing is there twice.
 * Rejects with the signal's reason once that is aborted; what it may leave then is what a crash may leave.
 */
export async function archiveFile(archiving: Archiving): Promise<void> {
  const { file, expected, archivePath, signal } = archiving;
  const dir = path.dirname(archivePath);
  try {
    signal.throwIfAborted();
    await mkdir(dir, { recursive: true });
    const there = await lstatOrNull(file);
    const isInPlace = there !== null && isInState(there, expected);
    await clear(archiving, isInPlace);
    if (there === null) throw new LongshoreError('local.vanished', { subject: file });
    if (!isInPlace) throw changed(file);
    const isNear = there.dev === (await stat(dir, { bigint: true })).dev;
    if (!isNear || !(await renamed(archiving))) await copied(archiving);
    await syncDirectory(dir);
    await syncDirectory(path.dirname(file));
  } catch (error) {
    if (signal.aborted && error === signal.reason) throw error;
    throw archiveTrouble(error, file, archivePath);
  }
}

/** Takes away what a run that died left in the archive; what has arrived there stays. */
export async function forgetArchiving(archiving: Leftovers): Promise<void> {
  try {
    await clear(archiving, false);
  } catch (error) {
    throw archiveTrouble(error, null, archiving.archivePath);
  }
}

async function clear({ expected, archivePath, token }: Leftovers, isInPlace: boolean): Promise<void> {
  await removeOwn(copyPath(archivePath, token));
  await clearReservation(archivePath, token, !isInPlace && parseFingerprint(expected).size === 0n);
}

/** A copy has this hidden name until it is whole. */
function copyPath(archivePath: string, token: string): string {
  return partialPath(path.dirname(archivePath), token);
}

async function removeOwn(name: string): Promise<void> {
  await unlink(name).catch(() => undefined);
}

/** The finished copy gets the first name that is free, in one step. */
async function takeNextName(copy: string, archivePath: string): Promise<string> {
  for (const target of archiveNames(archivePath)) {
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
async function renamed({ file, expected, archivePath, token, signal }: Archiving): Promise<boolean> {
  const target = await reserveName(archivePath, token);
  try {
    signal.throwIfAborted();
    await rename(file, target);
  } catch (error) {
    await clearReservation(archivePath, token, false);
    if (errnoOf(error) === 'EXDEV') return false;
    throw error;
  }
  await reservationUsed(archivePath, token);
  const moved = await lstatOrNull(target);
  if (moved !== null && isSameContent(moved, expected)) return true;
  // Another file came to this name since the look: it goes back; where its place is taken by now, it stays kept here.
  await takeFreeName(target, file);
  throw changed(file);
}

/** To another file system: the original goes only once a copy, read back, is known to hold the same bytes. */
async function copied({ file, expected, archivePath, token, signal }: Archiving): Promise<void> {
  const copy = copyPath(archivePath, token);
  const source = await openPartialFile(file, constants.O_RDONLY);
  try {
    const stats = await source.stat({ bigint: true });
    const earlier = await copyOf(source, stats, archivePath, signal);
    if (earlier !== null) {
      // A run that died before the original had gone.
      signal.throwIfAborted();
      await removeOriginal(file, expected, stats);
      return;
    }
    const out = await openPartialFile(copy, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL);
    try {
      const sent = await checksum(source, signal, (bytes) => out.writeFile(bytes));
      await out.sync();
      if ((await checksum(out, signal)) !== sent) throw new LongshoreError('local.io', { subject: copy });
    } finally {
      await out.close();
    }
    await chmod(copy, Number(stats.mode & 0o777n));
    await utimes(copy, Number(stats.atimeNs) / 1e9, Number(stats.mtimeNs) / 1e9);
    signal.throwIfAborted();
    const target = await takeNextName(copy, archivePath);
    await syncDirectory(path.dirname(target));
    // The copy stays where it has arrived: the next run knows it again.
    signal.throwIfAborted();
    try {
      await removeOriginal(file, expected, stats);
    } catch (error) {
      await removeOwn(target);
      throw error;
    }
  } catch (error) {
    await removeOwn(copy);
    throw error;
  } finally {
    await source.close();
  }
}

/** Only what was read, and is still what was uploaded. */
async function removeOriginal(file: string, expected: Fingerprint, read: BigIntStats): Promise<void> {
  const last = await lstatOrNull(file);
  if (last === null || !isInState(last, expected) || !isSameInode(last, read)) throw changed(file);
  await unlink(file);
}

/**
 * A file in the archive, under one of the names that this one would get, with the same size, time and bytes: what an earlier
 * run has brought there. Were it another's, then nothing but a second copy of the same would be missing.
 */
async function copyOf(
  source: FileHandle,
  stats: BigIntStats,
  archivePath: string,
  signal: AbortSignal,
): Promise<string | null> {
  let sum: string | null = null;
  for (const name of archiveNames(archivePath)) {
    const there = await lstatOrNull(name);
    if (there === null) return null;
    if (!there.isFile() || there.size !== stats.size || !isSameTime(there, stats)) continue;
    const handle = await openPartialFile(name, constants.O_RDONLY);
    try {
      sum ??= await checksum(source, signal);
      if ((await checksum(handle, signal)) === sum) return name;
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
async function checksum(
  handle: FileHandle,
  signal: AbortSignal,
  take?: (bytes: Uint8Array) => Promise<void>,
): Promise<string> {
  const running = startChecksum('CRC64NVME');
  const buffer = Buffer.alloc(STEP_BYTES);
  for (let position = 0; ;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) break;
    const bytes = buffer.subarray(0, bytesRead);
    running.update(bytes);
    await take?.(bytes);
    position += bytesRead;
  }
  return (await running.finish()).value;
}

function changed(file: string): LongshoreError {
  return new LongshoreError('local.changed', { subject: file });
}
