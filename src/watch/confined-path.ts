import { mkdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { LongshoreError } from '../core/longshore-error.ts';
import { classifyFs, fsErrorCode } from './classify-fs.ts';
import { isSafeRelative } from './safe-relative.ts';
import { syncDirectory } from './sync-directory.ts';

/** A place in a folder whose directory is known to be really there. */
export interface ConfinedPath {
  /** The directory with all links resolved. */
  readonly dir: string;
  readonly name: string;
  /** `dir` and `name`. */
  readonly file: string;
}

/**
 * Resolves the directory of `file`, which has to lie below one of `roots`, also after all symlinks are followed. With
 * `create` the directories that are missing below the root are made; a root that is missing never is. Null when the
 * directory is not there. Errors: `local.unsafe-path`, `local.*` of the file system.
 */
export async function confine(file: string, roots: readonly string[], create = false): Promise<ConfinedPath | null> {
  // The innermost folder: with one folder inside another, each has a root of its own.
  const root = roots.filter((each) => isBelow(file, each)).sort((a, b) => b.length - a.length)[0];
  if (root === undefined) throw unsafe(file, 'it lies in no folder');
  const relative = file.slice(withSeparator(root).length).split(path.sep).join('/');
  if (!isSafeRelative(relative)) throw unsafe(file, 'it has a part that no file name may be');
  const parts = relative.split('/');
  const name = parts.pop() as string;
  const realRoot = await resolved(root);
  if (realRoot === null) {
    if (create) throw new LongshoreError('local.vanished', { subject: root });
    return null;
  }
  let dir = realRoot;
  for (const part of parts) {
    const next = path.join(dir, part);
    const found = (await resolved(next)) ?? (create ? await makeDirectory(next) : null);
    if (found === null) return null;
    if (found !== realRoot && !isBelow(found, realRoot)) throw unsafe(file, `${part} leads out of the folder`);
    if (create && !(await isDirectory(found))) throw unsafe(file, `${part} is not a directory`);
    dir = found;
  }
  return { dir, name, file: path.join(dir, name) };
}

/** As `confine`, where a missing directory means that the file is gone. */
export async function confineExisting(file: string, roots: readonly string[]): Promise<ConfinedPath> {
  const place = await confine(file, roots);
  if (place === null) throw new LongshoreError('local.vanished', { subject: file });
  return place;
}

function isBelow(file: string, root: string): boolean {
  return file.startsWith(withSeparator(root));
}

function withSeparator(root: string): string {
  return root.endsWith(path.sep) ? root : root + path.sep;
}

async function resolved(file: string): Promise<string | null> {
  try {
    return await realpath(file);
  } catch (error) {
    if (fsErrorCode(error) === 'local.vanished') return null;
    throw classifyFs(error, file);
  }
}

async function isDirectory(dir: string): Promise<boolean> {
  try {
    return (await stat(dir)).isDirectory();
  } catch (error) {
    throw classifyFs(error, dir);
  }
}

async function makeDirectory(dir: string): Promise<string> {
  try {
    await mkdir(dir);
    await syncDirectory(path.dirname(dir));
    return await realpath(dir);
  } catch (error) {
    throw classifyFs(error, dir);
  }
}

function unsafe(file: string, detail: string): LongshoreError {
  return new LongshoreError('local.unsafe-path', { subject: file, detail });
}
