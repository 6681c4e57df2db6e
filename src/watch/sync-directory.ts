import { open } from 'node:fs/promises';
import { classifyFs, errnoOf } from './classify-fs.ts';

/** Windows can't open a directory, and some network file systems can't flush one: there the system sees to it by itself. */
const NOT_POSSIBLE = new Set(['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EBADF']);

/** Makes what was created, renamed or removed in a directory last through a power cut. */
export async function syncDirectory(dir: string): Promise<void> {
  try {
    const handle = await open(dir, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!NOT_POSSIBLE.has(errnoOf(error) ?? '')) throw classifyFs(error, dir);
  }
}
