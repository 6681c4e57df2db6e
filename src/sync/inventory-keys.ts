/** Which row of the inventory stands for which object. */
import type { ErrorCode } from '../core/error-table.ts';
import { volumeOf, type Fingerprint } from '../core/fingerprint.ts';
import type { State } from '../core/states.ts';
import type { StoredFile } from '../db/files-repo.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import { joinPath } from './paths.ts';
import type { PlannedFolder } from './planned-folder.ts';
import { objectResource, uploadSpec } from './specs.ts';

/** Problems that a scan reports have no real fingerprint: a code stands in for it. */
export function isProblem(fingerprint: Fingerprint | null): boolean {
  return fingerprint?.startsWith('!') === true;
}

/** What stands in for the fingerprint of a file that can't be taken: the code of its trouble, and the volume of its directory. */
export function problemFingerprint(code: ErrorCode, volume: string): Fingerprint {
  return `!${code}@${volume}` as Fingerprint;
}

/** Whether this is the trouble that a fingerprint stands for, whichever volume it was met on. */
export function isProblemOf(fingerprint: Fingerprint | null, code: ErrorCode): boolean {
  return fingerprint?.split('@', 1)[0] === `!${code}`;
}

/** The volume that a file was last known to be on; null: that was never told. */
export function lastVolume(fingerprint: Fingerprint): string | null {
  return isProblem(fingerprint) ? (fingerprint.split('@', 2)[1] ?? null) : volumeOf(fingerprint);
}

const ANEW = '!anew';

/** Of a file that could not be taken: like no state that a scan may find, so that the next one judges it; on its volume as before. */
export function toBeJudgedAnew(file: StoredFile): StoredFile {
  const volume = file.fingerprint === null ? null : lastVolume(file.fingerprint);
  return { ...file, fingerprint: (volume === null ? ANEW : `${ANEW}@${volume}`) as Fingerprint };
}

export function isToBeJudgedAnew(fingerprint: Fingerprint | null): boolean {
  return fingerprint?.split('@', 1)[0] === ANEW;
}

/** Its own resource: the trouble with one name must not touch the good file that has the same key. */
export function problemResource(folder: PlannedFolder, dir: string, name: string): string {
  return `local:${folder.name}/${joinPath(dir, name)}`;
}

/** The operation that last concerned the file, where the history still has it. */
export function lastOperation(repos: Repositories, file: StoredFile): StoredOperation | null {
  return file.operation === null ? null : repos.operations.byId(file.operation);
}

/** The file stands for its key. One that can't be taken keeps key and base for better days, and is in nobody's way. */
export function holdsKey(
  repos: Repositories,
  file: StoredFile,
  operation: StoredOperation | null = isProblem(file.fingerprint) ? null : lastOperation(repos, file),
): boolean {
  if (isProblem(file.fingerprint)) return false;
  return operation === null || !operation.kind.startsWith('file.') || uploadSpec(operation).key !== '';
}

/** Present files with this key at other paths, whether they stand for it or not. */
export function namesakes(repos: Repositories, folder: string, key: string, path: string): StoredFile[] {
  return repos.files.byKey(folder, key).filter((file) => joinPath(file.dir, file.name) !== path);
}

/** The object that this row alone stands for: null while it has none, is gone, or another file has the key. */
export function ownObject(repos: Repositories, folder: PlannedFolder, file: StoredFile): string | null {
  if (file.key === '' || file.fingerprint === null || !holdsKey(repos, file)) return null;
  const rivals = namesakes(repos, folder.name, file.key, joinPath(file.dir, file.name));
  return rivals.some((other) => holdsKey(repos, other)) ? null : objectResource(folder.destination, file.key);
}

/** The storage is known to hold the recorded content. An unfinished operation may have left other bytes there. */
export function isSettled(
  repos: Repositories,
  file: StoredFile,
  state: State | null = file.operation === null ? null : repos.operations.stateOf(file.operation),
): boolean {
  if (file.operation === null) return false;
  // What the history has forgotten ended long ago; the content is compared with the checksum in any case.
  return state === null ? file.checksum !== null : state === 'succeeded';
}
