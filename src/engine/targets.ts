import type { DestinationConfig, LongshoreConfig } from '../config/config-types.ts';
import type { ObjectStore } from '../core/ports.ts';
import { Permits } from '../resilience/permits.ts';
import type { UploadTarget } from '../sync/upload/upload-context.ts';
import type { Lanes } from './lanes.ts';

/** Makes the store of a destination: the real S3 adapter, or the simulator's. */
export type StoreFactory = (destination: DestinationConfig) => ObjectStore;

/** The destinations of one configuration, each with its store and its budget of transfers, made at first use. */
export class Targets {
  readonly #config: LongshoreConfig;
  readonly #lanes: Lanes;
  readonly #openStore: StoreFactory;
  readonly #open = new Map<string, UploadTarget>();

  constructor(config: LongshoreConfig, lanes: Lanes, openStore: StoreFactory) {
    this.#config = config;
    this.#lanes = lanes;
    this.#openStore = openStore;
  }

  get(name: string): UploadTarget | null {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const destination = this.#config.destinations[name];
    if (destination === undefined) return null;
    const target: UploadTarget = {
      name,
      store: this.#openStore(destination),
      partSizeBytes: destination.partSizeBytes,
      partConcurrency: this.#lanes.partConcurrency(destination),
      transfers: new Permits(this.#lanes.transfers(destination)),
      checksumAlgorithm: 'CRC64NVME',
      device: this.#config.device,
      objectUrl: (key) => objectUrl(destination, key),
    };
    this.#open.set(name, target);
    return target;
  }

  close(): void {
    for (const target of this.#open.values()) target.store.close();
    this.#open.clear();
  }
}

/** Where the object is, without any signature. */
export function objectUrl(destination: DestinationConfig, key: string): string {
  const path = key.split('/').map(encodeURIComponent).join('/');
  if (destination.publicUrl !== null) {
    return destination.publicUrl
      .replaceAll('{bucket}', encodeURIComponent(destination.bucket))
      .replaceAll('{key}', path);
  }
  if (destination.forcePathStyle) return `${destination.endpoint}/${encodeURIComponent(destination.bucket)}/${path}`;
  const endpoint = new URL(destination.endpoint);
  return `${endpoint.protocol}//${destination.bucket}.${endpoint.host}/${path}`;
}
