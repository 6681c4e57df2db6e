import type { DestinationConfig, LongshoreConfig } from '../config/config-types.ts';
import { storagePlace } from '../config/storage-place.ts';
import type { ProbedDestination } from '../sync/capabilities/capability-keeper.ts';

const lists = new WeakMap<LongshoreConfig, readonly ProbedDestination[]>();

/** All destinations; those that a folder goes to are worth knowing. One list per configuration. */
export function probedDestinations(config: LongshoreConfig): readonly ProbedDestination[] {
  const known = lists.get(config);
  if (known !== undefined) return known;
  const used = new Set(config.folders.map((folder) => folder.destination));
  const list = Object.values(config.destinations).map((destination) => ({
    name: destination.name,
    prefix: destination.prefix,
    place: placeOf(destination),
    storage: storagePlace(destination),
    used: used.has(destination.name),
  }));
  lists.set(config, list);
  return list;
}

/** What makes it another service, bucket or right when it changes; never a key (P12). */
export function placeOf({ endpoint, region, bucket, prefix, forcePathStyle, credentials }: DestinationConfig): string {
  const who =
    credentials.kind === 'secret' ? credentials.name : credentials.kind === 'profile' ? credentials.profile : '';
  return JSON.stringify([endpoint, region, bucket, prefix, forcePathStyle, credentials.kind, who]);
}
