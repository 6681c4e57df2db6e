import type { DestinationConfig } from './config-types.ts';
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
