import { isDeepStrictEqual } from 'node:util';
import type { FolderConfig, LongshoreConfig } from '../config/config-types.ts';
import { providerLane } from '../sync/specs.ts';
import { destinationService } from './lanes.ts';
import { onlyLimitsDiffer } from './limits-change.ts';

/** What a change of the configuration asks of a core that goes on working. */
export interface ConfigChange {
  /** Folders that are watched no longer. */
  readonly removed: readonly string[];
  /** Folders that are new or have other rules: looked at afresh. Transfers of the latter go on. */
  readonly renewed: readonly string[];
  /** Folders that are paused from now on. */
  readonly paused: readonly string[];
}

/**
 * The change, if a core can take it over while it works: folders and limits. Null where it reaches what transfers under way
 * are made of (destinations, providers, a folder's place here or there): then a new core is started in its place.
 */
export function smoothChange(before: LongshoreConfig, after: LongshoreConfig): ConfigChange | null {
  if (!onlyLimitsDiffer({ ...before, folders: [] }, { ...after, folders: [] })) return null;
  const now = new Map(after.folders.map((folder) => [folder.name, folder]));
  const were = new Map(before.folders.map((folder) => [folder.name, folder]));
  for (const [name, folder] of were) {
    const next = now.get(name);
    if (next !== undefined && !isDeepStrictEqual(placeOf(folder), placeOf(next))) return null;
  }
  return {
    removed: [...were.keys()].filter((name) => !now.has(name)),
    renewed: [...now].filter(([name, folder]) => !isDeepStrictEqual(folder, were.get(name))).map(([name]) => name),
    paused: after.folders.filter(({ paused }) => paused).map(({ name }) => name),
  };
}

/** Destinations and providers that are exactly what they were: what is known of them still holds. */
export function unchangedServices(before: LongshoreConfig, after: LongshoreConfig): readonly string[] {
  const same = (sections: (config: LongshoreConfig) => Readonly<Record<string, unknown>>) =>
    Object.keys(sections(after)).filter((name) => isDeepStrictEqual(sections(before)[name], sections(after)[name]));
  // Another way there, and nothing that was seen on the old one counts.
  if (!isDeepStrictEqual(before.network, after.network)) return [];
  return [
    ...same(({ destinations }) => destinations).map(destinationService),
    ...same(({ providers }) => providers).map(providerLane),
  ];
}

function placeOf({ path, destination, prefix, frozen }: FolderConfig): unknown {
  return { path, destination, prefix, frozen };
}
