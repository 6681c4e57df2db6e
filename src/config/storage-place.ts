import type { DestinationConfig, FolderConfig } from './config-types.ts';
import { serviceIdentity } from './endpoint.ts';

interface StoragePlace {
  readonly service: string;
  readonly bucket: string;
}

/**
 * Where a destination's objects lie, as text to compare and to store. Other credentials, another prefix or another spelling
 * of the address make no other place.
 */
export function storagePlace({ endpoint, bucket }: Pick<DestinationConfig, 'endpoint' | 'bucket'>): string {
  const place: StoragePlace = { service: serviceIdentity(endpoint), bucket };
  return JSON.stringify(place);
}

/** Of a text that `storagePlace` has made. */
export function placeInWords(place: string): string {
  const { service, bucket } = JSON.parse(place) as StoragePlace;
  return `bucket ${bucket} at ${service}`;
}

/**
 * Where a folder's files go, as text to compare and to store: the destination by its name, as the outbox knows objects by
 * it, and where that leads.
 */
export function folderPlace(
  folder: Pick<FolderConfig, 'destination' | 'prefix'>,
  destination: DestinationConfig,
): string {
  const { endpoint, bucket, prefix } = destination;
  return JSON.stringify([folder.destination, bucket, prefix + folder.prefix, serviceIdentity(endpoint)]);
}

/** Earlier versions stored it without the service: which one it was can't be known, and is taken to be the present one. */
export function isSameFolderPlace(stored: string, now: string): boolean {
  return stored === now || now.startsWith(`${stored.slice(0, -1)},`);
}
