import type { Repositories } from '../db/repositories.ts';

/** Whether the folder's files are where this key was made for this path; while nothing is known of its place, they are. */
export function isInPlace(
  repos: Repositories,
  folder: string,
  { destination, key, path }: { readonly destination: string | null; readonly key: string; readonly path: string },
): boolean {
  const place = repos.folders.get(folder)?.place ?? null;
  if (place === null) return true;
  const [its, , keyPrefix] = JSON.parse(place) as [string, string, string];
  return its === destination && key === `${keyPrefix}${path.normalize('NFC')}`;
}
