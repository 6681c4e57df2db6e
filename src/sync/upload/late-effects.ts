import { sleep } from '../../core/clock.ts';
import { isTerminal } from '../../core/states.ts';
import type { UploadRun } from './upload-context.ts';

/** So long a request whose connection was closed may still take effect, ms: what a service has received it carries out. */
const LATE_MS = 2000;

/**
 * Waits until whatever was given up for this operation, a write that was under way, has arrived or never will. To be called
 * where nothing is to be written because the storage is as wanted: what arrives after that look would stay there. False where
 * there was nothing to wait for.
 */
export async function outlastLateEffects({ deps, operation, attempt }: UploadRun): Promise<boolean> {
  const { resourceKey, seq } = operation;
  const last = resourceKey === null ? null : deps.repos.operations.lastBegunOn(resourceKey, seq);
  if (last === null || !isTerminal(last.state) || last.state === 'succeeded') return false;
  const leftMs = Math.min(LATE_MS, last.updatedAt + LATE_MS - deps.clock.now());
  if (leftMs <= 0) return false;
  await sleep(deps.clock, leftMs, attempt.signal);
  return true;
}
