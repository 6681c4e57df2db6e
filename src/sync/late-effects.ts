import { sleep } from '../core/clock.ts';
import type { Clock } from '../core/ports.ts';
import { isTerminal } from '../core/states.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';

/** So long a request whose connection was closed may still take effect, ms: what a service has received it carries out. */
const LATE_MS = 2000;

/**
 * Waits until whatever was given up for this operation, a write that was under way, has arrived or never will. To be called
 * where nothing is to be written because the storage is as wanted: what arrives after that look would stay there. False where
 * there was nothing to wait for.
 */
export async function outlastLateEffects(
  { repos, clock }: { readonly repos: Repositories; readonly clock: Clock },
  operation: StoredOperation,
  signal: AbortSignal,
): Promise<boolean> {
  const { resourceKey, seq } = operation;
  const last = resourceKey === null ? null : repos.operations.lastBegunOn(resourceKey, seq);
  if (last === null || !isTerminal(last.state) || last.state === 'succeeded') return false;
  const leftMs = Math.min(LATE_MS, last.updatedAt + LATE_MS - clock.now());
  if (leftMs <= 0) return false;
  await sleep(clock, leftMs, signal);
  return true;
}
