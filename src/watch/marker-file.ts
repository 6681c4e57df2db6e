import { constants } from 'node:fs';
import { rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { LongshoreError } from '../core/longshore-error.ts';
import { classifyFs } from './classify-fs.ts';
import { openPartialFile, partialPath } from './partial-file.ts';
import { syncDirectory } from './sync-directory.ts';
import { MARKER_NAME } from './default-ignores.ts';

/** More is not ours. */
const MAX_BYTES = 4096;

/** Null when there is none. What is too long, or no file, is another's: it reads as empty, which no marker of ours is. */
export async function readMarkerFile(root: string): Promise<string | null> {
  const file = path.join(root, MARKER_NAME);
  try {
    const handle = await openPartialFile(
      file,
      constants.O_RDONLY | ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0),
    );
    try {
      const buffer = Buffer.alloc(MAX_BYTES + 1);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      return bytesRead > MAX_BYTES ? '' : buffer.toString('utf8', 0, bytesRead).trim();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const failure = classifyFs(error, file);
    if (failure.code === 'local.vanished') return null;
    if (failure.code === 'local.not-a-file') return '';
    throw failure;
  }
}

/** Whole or not at all. A root that is missing is not made: errors `local.vanished`, `local.permission` and the like. */
export async function writeMarkerFile(root: string, marker: string): Promise<void> {
  const file = path.join(root, MARKER_NAME);
  const part = partialPath(root, 'marker');
  if (Buffer.byteLength(marker) > MAX_BYTES)
    throw new LongshoreError('local.io', { subject: file, detail: 'too long' });
  try {
    const handle = await openPartialFile(part, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
    try {
      await handle.writeFile(`${marker}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
    await syncDirectory(root);
  } catch (error) {
    await unlink(part).catch(() => undefined);
    throw classifyFs(error, file);
  }
}
