import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

async function exists(target: string): Promise<boolean> {
  return stat(target).then(
    () => true,
    () => false,
  );
}

/** Longer than any fill takes: an older temporary directory was left by a run that was killed. */
const abandonedAfterMs = 60 * 60 * 1000;

async function removeAbandoned(target: string): Promise<void> {
  const parent = path.dirname(target);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${path.basename(target)}.partial-`)) continue;
    const leftover = path.join(parent, name);
    const { mtimeMs } = await stat(leftover);
    if (Date.now() - mtimeMs > abandonedAfterMs) await rm(leftover, { recursive: true, force: true });
  }
}

/**
 * A directory that is made once and then only read. It is filled under a temporary name beside its place and renamed
 * when whole, so an interrupted run leaves nothing that looks finished, and of two runs at once one wins.
 *
 * @param target its place; the name must change when what `fill` would make changes
 * @param fill puts the content into the (empty) directory that it is given
 */
export async function cachedDirectory(target: string, fill: (directory: string) => Promise<void>): Promise<string> {
  if (await exists(target)) return target;
  await mkdir(path.dirname(target), { recursive: true });
  await removeAbandoned(target);
  const temporary = await mkdtemp(`${target}.partial-`);
  try {
    await fill(temporary);
    await rename(temporary, target).catch(async (error: unknown) => {
      if (!(await exists(target))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return target;
}
