import { LongshoreError } from '../core/longshore-error.ts';
import type { LocalChanges, Random } from '../core/ports.ts';

/** A marker is short; whatever is longer is none of ours. */
const MARKER_MAX_LENGTH = 200;
const MARKER_BYTES = 16;

export type MarkerFile = Pick<LocalChanges, 'readMarker' | 'writeMarker'>;

/**
 * Whether the directory at the root is the one that the inventory tells of: a mirror folder has a marker file from its
 * first healthy scan on. Without it an empty directory where a drive was mounted would be a delete of everything. Null:
 * it is; or the error that freezes the folder.
 */
export async function markerTrouble(files: MarkerFile, root: string, stored: string): Promise<LongshoreError | null> {
  try {
    const found = await files.readMarker(root);
    if (found?.trim() === stored) return null;
    const detail = found === null ? 'the marker file is not there' : 'the marker is that of another folder';
    return new LongshoreError('folder.marker-missing', { subject: root, detail });
  } catch (error) {
    if (error instanceof LongshoreError) return error;
    throw error;
  }
}

/** Makes the root known: takes over the marker that it has (a drive that other computers mirror as well), or writes one. */
export async function adoptRoot(files: MarkerFile, root: string, random: Random): Promise<string> {
  const found = (await files.readMarker(root))?.trim() ?? '';
  if (found !== '' && found.length <= MARKER_MAX_LENGTH) return found;
  const marker = Buffer.from(random.bytes(MARKER_BYTES)).toString('hex');
  await files.writeMarker(root, marker);
  return marker;
}
