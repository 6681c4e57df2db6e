import type { DestinationConfig, FolderConfig } from './config-types.ts';
import { storagePlace } from './storage-place.ts';

/**
 * Marks the folders that would write to keys that an earlier folder may write to: such folders would take each other's
 * objects for changes made elsewhere. The earlier one runs, the later one stays frozen; a frozen one blocks no other.
 * Two destinations that name the same bucket of the same service count as one.
 */
export function freezeOverlaps(
  folders: readonly FolderConfig[],
  destinations: Readonly<Record<string, DestinationConfig>>,
): readonly FolderConfig[] {
  const running: { readonly name: string; readonly space: KeySpace }[] = [];
  return folders.map((folder) => {
    const destination = Object.hasOwn(destinations, folder.destination) ? destinations[folder.destination] : undefined;
    if (destination === undefined) return folder;
    const space = keySpace(folder, destination);
    const clash = running.find((other) => overlap(other.space, space));
    if (clash !== undefined) return { ...folder, frozen: { reason: 'key-space-overlap', withFolder: clash.name } };
    running.push({ name: folder.name, space });
    return folder;
  });
}

interface KeySpace {
  readonly bucket: string;
  readonly prefix: string;
}

function keySpace(folder: FolderConfig, destination: DestinationConfig): KeySpace {
  return {
    bucket: storagePlace(destination),
    prefix: destination.prefix + folder.prefix,
  };
}

/** Prefixes are empty or end with "/", so that one contains the other exactly when it begins it. */
function overlap(a: KeySpace, b: KeySpace): boolean {
  return a.bucket === b.bucket && (a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix));
}
