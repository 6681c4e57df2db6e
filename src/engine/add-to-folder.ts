import { cp, lstat, realpath } from 'node:fs/promises';
import { basename, extname, join, sep } from 'node:path';

/** Bound of the search for a free name; beyond it something else is wrong. */
const MAX_NAMES = 1000;

export interface AddResult {
  copied: number;
  refused: { path: string; reason: string }[];
}

/** Copies files and directories into a watched folder. Nothing there is replaced: a taken name gets " (2)", " (3)" … */
export async function addToFolder(root: string, paths: readonly string[]): Promise<AddResult> {
  const result: AddResult = { copied: 0, refused: [] };
  const realRoot = await realpath(root).catch(() => null);
  if (realRoot === null)
    return { copied: 0, refused: paths.map((path) => ({ path, reason: 'the folder is not there' })) };
  for (const path of paths) {
    const reason = await addOne(realRoot, path);
    if (reason === null) result.copied += 1;
    else result.refused.push({ path, reason });
  }
  return result;
}

async function addOne(root: string, path: string): Promise<string | null> {
  try {
    const from = await realpath(path);
    if (isInside(root, from)) return 'it is in the folder already';
    if (isInside(from, root)) return 'it contains the folder';
    const stat = await lstat(from);
    if (!stat.isFile() && !stat.isDirectory()) return 'it is not a file or directory';
    const to = await freeName(root, basename(path));
    if (to === null) return 'there are too many files of this name';
    await cp(from, to, { recursive: true, errorOnExist: true, force: false, preserveTimestamps: true });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function isInside(parent: string, child: string): boolean {
  return child === parent || child.startsWith(parent.endsWith(sep) ? parent : parent + sep);
}

async function freeName(root: string, name: string): Promise<string | null> {
  const extension = extname(name);
  const stem = name.slice(0, name.length - extension.length);
  for (let number = 1; number <= MAX_NAMES; number += 1) {
    const candidate = join(root, number === 1 ? name : `${stem} (${number})${extension}`);
    const taken = await lstat(candidate).then(
      () => true,
      () => false,
    );
    if (!taken) return candidate;
  }
  return null;
}
