import { constants, type BigIntStats } from 'node:fs';
import { link, open, readFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { archiveNames, noNameLeft } from './archive-names.ts';
import { errnoOf } from './classify-fs.ts';
import { openPartialFile, partialPath } from './partial-file.ts';
import { hasNoLinks } from './place-file.ts';
import { isSameInode, lstatOrNull } from './same-file.ts';

/**
 * Holds a name in the archive with an empty file of ours, so that the rename that follows can overwrite nobody's file; tells
 * the name. A hidden file beside, named after the operation, tells of it from before the empty file is there until after it
 * has gone: wherever a run dies, `clearReservation` finds what it left.
 */
export async function reserveName(archivePath: string, token: string): Promise<string> {
  const note = noteOf(archivePath, token);
  await (await openPartialFile(note, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL)).close();
  for (const target of archiveNames(archivePath)) {
    try {
      // The holder is the hidden file itself, under a second name: the link tells whose it is.
      await link(note, target);
      return target;
    } catch (error) {
      if (hasNoLinks(error)) return await reserveByNote(note, archivePath);
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
  throw noNameLeft(archivePath);
}

/** Without links (on FAT, say) the hidden file names the other: written before that is made. */
async function reserveByNote(note: string, archivePath: string): Promise<string> {
  for (const target of archiveNames(archivePath)) {
    if ((await lstatOrNull(target)) !== null) continue;
    await writeFile(note, path.basename(target));
    try {
      await (await open(target, 'wx')).close();
      return target;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
  throw noNameLeft(archivePath);
}

/** The file has its name: what held it is no more. */
export async function reservationUsed(archivePath: string, token: string): Promise<void> {
  await removeIfThere(noteOf(archivePath, token));
}

/**
 * Takes away what a run of this operation left that died, or could not go on. With `mayBeArchived` an empty file stays where
 * it can't be told from the archived one, that is where there are no links and what was archived is empty itself.
 */
export async function clearReservation(archivePath: string, token: string, mayBeArchived: boolean): Promise<void> {
  const note = noteOf(archivePath, token);
  const noted = await lstatOrNull(note);
  if (noted === null) return;
  const holder = await holderOf(note, noted, archivePath, mayBeArchived);
  // In this order: as long as the empty file is there, the hidden one tells of it.
  if (holder !== null) await removeIfThere(holder);
  await removeIfThere(note);
}

async function holderOf(
  note: string,
  noted: BigIntStats,
  archivePath: string,
  mayBeArchived: boolean,
): Promise<string | null> {
  if (noted.size === 0n && noted.nlink === 1n) return null;
  const name = noted.size === 0n ? null : await readFile(note, 'utf8');
  for (const target of archiveNames(archivePath)) {
    if (name !== null && path.basename(target) !== name) continue;
    const there = await lstatOrNull(target);
    if (there === null) {
      if (name !== null) return null;
      // Somebody may have taken away a file whose name comes before it.
      continue;
    }
    if (name === null ? isSameInode(there, noted) : !mayBeArchived && there.isFile() && there.size === 0n)
      return target;
  }
  return null;
}

function noteOf(archivePath: string, token: string): string {
  return partialPath(path.dirname(archivePath), `${token}-name`);
}

async function removeIfThere(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
