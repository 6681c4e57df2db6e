import { toBeTakenUp } from '../core/fingerprint.ts';
import { isTerminal } from '../core/states.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import { isProblem, isSettled, lastOperation } from './inventory-keys.ts';
import { splitPath } from './paths.ts';
import { downloadSpec } from './specs.ts';

/**
 * A download comes to nothing: what stands at its path stays, and nobody may be bringing that to the storage any more, as it
 * was to be replaced. The next look takes it up; where the storage has its content already, that is found then. What was
 * settled before a restore was asked for is so still: it must not go over what another has written since (P4).
 */
export function takeUpAgain(repos: Repositories, download: StoredOperation): void {
  if (download.folder === null || download.path === null) return;
  const { dir, name } = splitPath(download.path);
  const file = repos.files.get(download.folder, dir, name);
  if (file === null || file.fingerprint === null || isProblem(file.fingerprint)) return;
  const last = lastOperation(repos, file);
  if (last !== null && !isTerminal(last.state)) return;
  if (downloadSpec(download).reason === 'restore' && isSettled(repos, file, last?.state ?? null)) return;
  repos.files.put({ ...file, fingerprint: toBeTakenUp(file.fingerprint) });
}
