import type { BigIntStats } from 'node:fs';
import { lstat, mkdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { errnoOf } from './classify-fs.ts';

const STICKY = 0o1000n;

/** A trash as freedesktop.org lays it out. */
export interface TrashPlace {
  /** What was trashed. */
  readonly files: string;
  /** A record of where each came from. */
  readonly info: string;
  /** The records' paths are relative to this directory; null: they are absolute. */
  readonly relativeTo: string | null;
}

/**
 * The trashes that a file of this directory can go to by a rename, the best first, each made when it is asked for: the one in
 * the user's home where that is on the same file system, else one in the top directory of the file system. `onRefused` is
 * told why one of them is not to be had.
 */
export async function* trashPlaces(
  dir: string,
  file: BigIntStats,
  onRefused: (error: unknown) => void,
): AsyncGenerator<TrashPlace, void, void> {
  // By the directory: a file of an overlay may have the device number of the layer that it comes from.
  const { dev } = await stat(dir, { bigint: true });
  const uid = BigInt(process.getuid?.() ?? 0);
  const home = homeTrash();
  if ((await deviceOf(home)) === dev) {
    try {
      await mkdir(home, { recursive: true, mode: 0o700 });
      yield await withParts(home, null);
    } catch (error) {
      onRefused(error);
    }
  }
  const top = await topDirectory(dir, dev);
  for (const prepare of [sharedTrash, ownTrash]) {
    try {
      const trash = await prepare(top, uid, file);
      if (trash !== null) yield await withParts(trash, top);
    } catch (error) {
      onRefused(error);
    }
  }
}

function homeTrash(): string {
  const given = process.env['XDG_DATA_HOME'];
  const data = given !== undefined && path.isAbsolute(given) ? given : path.join(homedir(), '.local', 'share');
  return path.join(data, 'Trash');
}

/** The device that a directory is on, or would be made on; null when that is not to be told. */
async function deviceOf(dir: string): Promise<bigint | null> {
  for (let at = dir; ; at = path.dirname(at)) {
    try {
      return (await stat(at, { bigint: true })).dev;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || path.dirname(at) === at) return null;
    }
  }
}

/** Where the file system is mounted. */
async function topDirectory(dir: string, dev: bigint): Promise<string> {
  for (let top = dir; ; top = path.dirname(top)) {
    const above = path.dirname(top);
    if (above === top || (await stat(above, { bigint: true })).dev !== dev) return top;
  }
}

/** In the one that an administrator made for all: only where nobody can take away what is another's. Null: there is none. */
async function sharedTrash(top: string, uid: bigint, file: BigIntStats): Promise<string | null> {
  const shared = path.join(top, '.Trash');
  try {
    const stats = await lstat(shared, { bigint: true });
    if (!stats.isDirectory() || (stats.mode & STICKY) === 0n) return null;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
  return await ownDirectory(path.join(shared, String(uid)), uid, file);
}

function ownTrash(top: string, uid: bigint, file: BigIntStats): Promise<string> {
  return ownDirectory(path.join(top, `.Trash-${uid}`), uid, file);
}

/**
 * Anybody may have made one of this name to get at what comes there. File systems without owners show one for all: then the
 * directory's is the file's.
 */
async function ownDirectory(dir: string, uid: bigint, file: BigIntStats): Promise<string> {
  await makeDirectory(dir);
  const stats = await lstat(dir, { bigint: true });
  if (!stats.isDirectory()) throw new Error(`${dir} is not a directory`);
  if (stats.uid !== uid && stats.uid !== file.uid) throw new Error(`${dir} belongs to another user`);
  return dir;
}

async function withParts(trash: string, relativeTo: string | null): Promise<TrashPlace> {
  const place = { files: path.join(trash, 'files'), info: path.join(trash, 'info'), relativeTo };
  await makeDirectory(place.files);
  await makeDirectory(place.info);
  return place;
}

async function makeDirectory(dir: string): Promise<void> {
  try {
    await mkdir(dir, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
