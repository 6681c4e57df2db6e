import type { DestinationConfig, LongshoreConfig } from '../config/config-types.ts';
import { GLOBAL_CONCURRENCY_MAX } from '../config/defaults.ts';
import { storagePlace } from '../config/storage-place.ts';
import { partSizeUnder } from '../core/part-plan.ts';
import type { Clock, ObjectStore, ServiceSign, StoreSurroundings } from '../core/ports.ts';
import { Bandwidth, inSeries } from '../resilience/bandwidth.ts';
import { measuredStore } from '../resilience/measured-store.ts';
import { Permits } from '../resilience/permits.ts';
import { TransferPool } from '../resilience/transfer-pool.ts';
import type { ConditionalWrite } from '../sync/capabilities/capabilities.ts';
import type { UploadTarget } from '../sync/upload/upload-context.ts';
import type { Lanes } from './lanes.ts';

/**
 * Makes the store of a destination: the real S3 adapter, or the simulator's. `serviceClock` is the time as the service has
 * it: what requests are signed with.
 */
export type StoreFactory = (
  destination: DestinationConfig,
  surroundings: StoreSurroundings,
  serviceClock: Pick<Clock, 'now'>,
) => ObjectStore;

export interface TargetsDeps {
  readonly clock: Clock;
  readonly openStore: (destination: DestinationConfig, surroundings: StoreSurroundings) => ObjectStore;
  /** What each reply of a destination tells. */
  readonly onReply: (destination: string, sign: ServiceSign) => void;
  readonly serviceNow: (destination: string) => number;
  /** Whether a destination is known to honour the condition of such a write. */
  readonly honours: (destination: string, write: ConditionalWrite) => boolean;
  /** Whether it is known to refuse such a write for having a condition. */
  readonly refuses: (destination: string, write: ConditionalWrite) => boolean;
  /** A destination bears more, or fewer, transfers at once now. */
  readonly onLimit: () => void;
}

interface Opened {
  /** As bandwidth was at its last use. */
  target: UploadTarget;
  readonly partSizeBytes: number;
  readonly pool: TransferPool;
  readonly bandwidth: Bandwidth;
}

/**
 * The destinations of one configuration, each with its store, its bandwidth and its budget of transfers, made at first
 * use. Bandwidth and the greatest number of transfers also hold over all of them.
 */
export class Targets {
  #config: LongshoreConfig;
  readonly #lanes: Lanes;
  readonly #deps: TargetsDeps;
  readonly #open = new Map<string, Opened>();
  readonly #bandwidth: Bandwidth;
  readonly #shared: Permits;

  constructor(config: LongshoreConfig, lanes: Lanes, deps: TargetsDeps) {
    this.#config = config;
    this.#lanes = lanes;
    this.#deps = deps;
    this.#bandwidth = new Bandwidth(deps.clock, config.limits);
    this.#shared = new Permits(transfersOverAll(config));
  }

  /** The part size is that of now: whoever works with a target keeps it for the attempt. */
  get(name: string): UploadTarget | null {
    const opened = this.#opened(name);
    if (opened === null) return null;
    const partSizeBytes = partSizeUnder(this.#rateOf(opened.bandwidth), opened.partSizeBytes);
    if (partSizeBytes !== opened.target.partSizeBytes) opened.target = { ...opened.target, partSizeBytes };
    return opened.target;
  }

  /** The transfers of a destination; null when the configuration does not know it. */
  pool(name: string): TransferPool | null {
    return this.#opened(name)?.pool ?? null;
  }

  /** Transfers to it at once, as things are; 0 before its first use. */
  concurrencyOf(name: string): number {
    return this.#open.get(name)?.pool.limit ?? 0;
  }

  /** Other limits hold from now on; what is being transferred goes on under them. The destinations stay as they are. */
  setLimits(config: LongshoreConfig): void {
    this.#config = config;
    this.#lanes.setLimits(config);
    this.#bandwidth.setPlan(config.limits);
    this.#shared.setLimit(transfersOverAll(config));
    for (const [name, { pool, bandwidth }] of this.#open) {
      const destination = config.destinations[name];
      if (destination === undefined) continue;
      bandwidth.setPlan({ uploadKiBps: destination.limits.uploadKiBps, schedule: [] });
      pool.setRules(this.#lanes.poolRules(destination));
    }
  }

  /** Bandwidth follows the clock: what holds now is looked at again. */
  refreshLimits(): void {
    for (const { pool } of this.#open.values()) pool.refresh();
  }

  /** The network changed: no store trusts its old connections. */
  refreshConnections(): void {
    for (const { target } of this.#open.values()) target.store.refreshConnections();
  }

  close(): void {
    for (const { target } of this.#open.values()) target.store.close();
    this.#open.clear();
  }

  #opened(name: string): Opened | null {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const destination = this.#config.destinations[name];
    if (destination === undefined) return null;
    const opened = this.#make(destination);
    this.#open.set(name, opened);
    return opened;
  }

  #make(destination: DestinationConfig): Opened {
    const { clock, openStore, onReply, onLimit, honours, refuses } = this.#deps;
    const { name, limits } = destination;
    const bandwidth = new Bandwidth(clock, { uploadKiBps: limits.uploadKiBps, schedule: [] });
    const pool = new TransferPool({
      name,
      rules: this.#lanes.poolRules(destination),
      shared: this.#shared,
      bytesPerSecond: () => this.#rateOf(bandwidth),
      onLimit,
    });
    const store = openStore(destination, {
      throttle: inSeries(bandwidth, this.#bandwidth),
      onReply: (sign) => {
        onReply(name, sign);
      },
    });
    // What the first writes have met, until the probe knows it for good.
    const refused = new Set<ConditionalWrite>();
    const target: UploadTarget = {
      name,
      place: storagePlace(destination),
      store: measuredStore(store, pool, clock),
      partSizeBytes: destination.partSizeBytes,
      partConcurrency: this.#lanes.partConcurrency(destination),
      transfers: pool,
      checksumAlgorithm: 'CRC64NVME',
      device: this.#config.device,
      honours: (write) => honours(name, write),
      refuses: (write) => refused.has(write) || refuses(name, write),
      heardRefusal: (write) => {
        refused.add(write);
      },
      objectUrl: (key) => objectUrl(destination, key),
      serviceNow: () => this.#deps.serviceNow(name),
    };
    return { target, partSizeBytes: destination.partSizeBytes, pool, bandwidth };
  }

  /** What holds now for a destination with this limit of its own, bytes per second; 0: no limit. */
  #rateOf(own: Bandwidth): number {
    return slower(own.bytesPerSecond, this.#bandwidth.bytesPerSecond);
  }
}

function transfersOverAll(config: LongshoreConfig): number {
  const { concurrency } = config.limits;
  return concurrency === 'auto' ? GLOBAL_CONCURRENCY_MAX : concurrency;
}

/** The lower of two rates, where 0 is none. */
function slower(one: number, other: number): number {
  if (one === 0 || other === 0) return one + other;
  return Math.min(one, other);
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
