import { LongshoreError } from '../../core/longshore-error.ts';
import type { EpochMs, ObjectStore } from '../../core/ports.ts';
import type { Repositories } from '../../db/repositories.ts';
import { METADATA_OPERATION } from '../object-metadata.ts';
import { forgetIntent, type ProbeIntent } from './capability-store.ts';
import { isConditionFailure, isRefusal, probeKeys } from './probe-service.ts';

export interface ProbeSite {
  readonly store: ObjectStore;
  readonly destination: string;
  /** Of the store, as a cleanup has it. */
  readonly place: string;
}

export interface ProbeRemains extends ProbeSite {
  readonly repos: Repositories;
  readonly intent: ProbeIntent;
  /** It was cut off: an upload of it may be open whose id nobody knows. */
  readonly cutOff: boolean;
}

/**
 * Takes away whatever a probe left at its keys and forgets its intent. What can't be removed right now, and uploads that have
 * to be searched for, are left to the janitor. Resolves to a key that may not be deleted, if there is one.
 */
export async function removeProbe(
  remains: ProbeRemains,
  now: () => EpochMs,
  signal: AbortSignal,
): Promise<string | null> {
  const { repos, store, destination, place, intent } = remains;
  const { main, copy } = probeKeys(intent.key);
  let leftover: string | null = null;
  const later: { readonly key: string; readonly etag: string }[] = [];
  for (const each of [copy, main]) {
    const found = await orRefused(() => store.head(each, signal), null);
    if (found?.metadata[METADATA_OPERATION] !== 'probe') continue;
    try {
      if (!(await removeOwn(store, each, found.etag, signal))) leftover = each;
    } catch (error) {
      if (!(error instanceof LongshoreError)) throw error;
      later.push({ key: each, etag: found.etag });
    }
  }
  repos.transaction(() => {
    for (const object of later) repos.cleanups.addDelete({ destination, place, ...object }, now());
    if (remains.cutOff) repos.cleanups.addOrphans({ destination, place, key: main }, now());
    forgetIntent(repos.settings, destination, place);
  });
  return leftover;
}

/** False where it is not allowed. The key is ours alone: a service that can't delete under a condition may do it without. */
async function removeOwn(store: ObjectStore, key: string, etag: string, signal: AbortSignal): Promise<boolean> {
  for (const condition of [etag, null]) {
    try {
      await store.remove(key, condition, signal);
      return true;
    } catch (error) {
      if (!isRefusal(error) && !isConditionFailure(error)) throw error;
    }
  }
  return false;
}

async function orRefused<T>(work: () => Promise<T>, instead: T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isRefusal(error)) return instead;
    throw error;
  }
}
