import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';

/**
 * Extracts the files of a zip archive for which `place` names a path inside `directory`; file modes are kept.
 * Symbolic links are not made.
 *
 * @param place maps an entry's name to its relative path, or to undefined to leave it out
 */
export async function unzip(
  archive: string,
  directory: string,
  place: (entryName: string) => string | undefined,
): Promise<void> {
  const zip = await openPromise(archive, { lazyEntries: true, autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      const relative = place(entry.fileName);
      if (relative === undefined) continue;
      // yauzl itself refuses names with ".." or a leading slash, so the path stays inside.
      const target = path.join(directory, relative);
      await mkdir(path.dirname(target), { recursive: true });
      const mode = (entry.externalFileAttributes >>> 16) & 0o777;
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(target, { mode: mode || 0o644 }));
    }
  } finally {
    zip.close();
  }
}
