import { randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { rename, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Fingerprint } from '../core/fingerprint.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import { takeFreeName } from './place-file.ts';
import { isInState, isSameContent, lstatOrNull } from './same-file.ts';
import { syncDirectory } from './sync-directory.ts';
import { trashPlaces, type TrashPlace } from './trash-places.ts';

/**
 * To the freedesktop.org trash, by a rename alone: whoever has the file open goes on writing to the one in the trash, and
 * whoever saves it anew gets its name. A copy and a removal would lose what comes between them, so without a trash on its
 * own file system the file stays. Source: the Trash specification 1.0, https://specifications.freedesktop.org/trash-spec/1.0/.
 * Errors: `local.trash-failed`, `local.changed`, `local.vanished`, `local.*` of the file system.
 */
export async function moveToFreedesktopTrash(
  file: string,
  expected: Fingerprint,
  signal: AbortSignal,
  watched: readonly string[],
): Promise<void> {
  const refusals: string[] = [];
  const onRefused = (error: unknown) => void refusals.push(error instanceof Error ? error.message : String(error));
  const stats = await expectState(file, expected);
  for await (const place of trashPlaces(path.dirname(file), stats, onRefused)) {
    if (isWatched(place, watched)) {
      onRefused(new Error(`${path.dirname(place.files)} lies in a watched folder`));
      continue;
    }
    try {
      await moveTo(place, file, expected, signal);
      return;
    } catch (error) {
      if (error instanceof LongshoreError || error === signal.reason) throw error;
      onRefused(error);
    }
  }
  // One that has gone meanwhile is told as that.
  await expectState(file, expected);
  const detail = `no trash on the file's own file system takes it: ${refusals.join('; ')}`;
  throw new LongshoreError('local.trash-failed', { subject: file, detail });
}

/** The file's record comes first: by it the name in the trash is taken, and nothing lies there that nobody can put back. */
async function moveTo(place: TrashPlace, file: string, expected: Fingerprint, signal: AbortSignal): Promise<void> {
  const name = randomUUID();
  const target = path.join(place.files, name);
  const info = path.join(place.info, `${name}.trashinfo`);
  try {
    await writeFile(info, trashInfo(place, file), { flag: 'wx', mode: 0o600, flush: true });
    await expectState(file, expected);
    signal.throwIfAborted();
    await rename(file, target);
  } catch (error) {
    await unlink(info).catch(() => undefined);
    throw error;
  }
  const moved = await lstatOrNull(target);
  if (moved === null || !isSameContent(moved, expected)) {
    await putBack(target, info, file);
    throw new LongshoreError('local.changed', { subject: file });
  }
  await syncDirectory(place.files);
}

/** A name that scans leave out by themselves (`.Trash-1000`, `default-ignores.ts`) may lie in a watched folder. */
function isWatched({ files }: TrashPlace, watched: readonly string[]): boolean {
  const trash = path.dirname(files);
  return watched.some((root) => trash.startsWith(`${root}/`)) && !path.basename(trash).startsWith('.Trash-');
}

async function expectState(file: string, expected: Fingerprint): Promise<BigIntStats> {
  const stats = await lstatOrNull(file);
  if (stats === null) throw new LongshoreError('local.vanished', { subject: file });
  if (!isInState(stats, expected)) throw new LongshoreError('local.changed', { subject: file });
  return stats;
}

/** What came to this name since the last look. Where the name is taken by now, it stays in the trash, with its record. */
async function putBack(target: string, info: string, file: string): Promise<void> {
  try {
    await takeFreeName(target, file);
  } catch {
    return;
  }
  await unlink(info).catch(() => undefined);
}

function trashInfo({ relativeTo }: TrashPlace, file: string): string {
  const from = relativeTo === null ? file : path.relative(relativeTo, file);
  const encoded = from.split('/').map(encodeURIComponent).join('/');
  return `[Trash Info]\nPath=${encoded}\nDeletionDate=${localTime(new Date())}\n`;
}

/** YYYY-MM-DDThh:mm:ss, as the clock on the wall has it. */
function localTime(date: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day}T${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}
