import type { DestinationConfig, LongshoreConfig, RetryConfig } from '../config/config-types.ts';
import { isLoopbackHost } from '../config/endpoint.ts';
import type { Gate } from '../core/operation.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '../resilience/retry-policy.ts';
import type { PoolRules } from '../resilience/transfer-pool.ts';
import type { GateRules, LaneInfo } from '../sync/gate-keeper.ts';
import type { LeaseBudget } from '../sync/leasing.ts';
import { folderLane } from '../sync/specs.ts';

/** Calls of one lane at once where nothing is configured: enough to hide latency, few enough for small servers. */
const AUTO_CALLS = 8;
/** Bounds of `auto` (CONTRACT.md, `limits`): what one machine keeps busy, and most services bear from one client. */
const AUTO_TRANSFERS_MAX = 32;
/** Parts of one file at once where nothing is configured: fills a fast line, and leaves memory to others. */
const AUTO_PART_CONCURRENCY = 8;
/** Parts under way are in memory, over all destinations at most these bytes (and at least one part each). */
const PARTS_IN_MEMORY_BYTES = 192 * 2 ** 20;
/** Operations leased ahead of the transfers that may run, at most: what a fast service takes in until the next look. */
const MOST_AHEAD = 256;

/** Why a configured folder can't work now, e.g. frozen; or why its deletes can't. */
export type FolderGate = (folder: string, deletes: boolean) => Gate | null;

/** What the configuration says of lanes: their service, budgets and retry rules. A pure view of one configuration. */
export class Lanes {
  #config: LongshoreConfig;
  readonly #folderGate: FolderGate;

  constructor(config: LongshoreConfig, folderGate: FolderGate) {
    this.#config = config;
    this.#folderGate = folderGate;
  }

  info(lane: string): LaneInfo {
    const [kind, name] = splitLane(lane);
    switch (kind) {
      case 'folder':
      case 'deletes': {
        const folder = this.#config.folders.find((candidate) => candidate.name === name);
        const destination = folder === undefined ? undefined : this.#config.destinations[folder.destination];
        const pauseScopes = ['all', folderLane(name)];
        if (folder === undefined || destination === undefined) {
          return { lane, service: `dest:${name}`, pauseScopes, loopback: false, gate: 'not-configured' };
        }
        const gate = folder.paused ? 'paused' : this.#folderGate(name, kind === 'deletes');
        return {
          lane,
          service: destinationService(destination.name),
          pauseScopes,
          loopback: isLoopback(destination.endpoint),
          gate,
        };
      }
      case 'provider': {
        const provider = this.#config.providers[name];
        const gate = provider === undefined ? 'not-configured' : null;
        return {
          lane,
          service: lane,
          pauseScopes: ['all', lane],
          loopback: provider !== undefined && isLoopback(provider.baseUrl),
          gate,
        };
      }
      default:
        return { lane, service: lane, pauseScopes: ['all'], loopback: isLoopback(name), gate: null };
    }
  }

  /** What is done for a destination itself, for no folder. */
  ofDestination(name: string): LaneInfo {
    const service = destinationService(name);
    const endpoint = this.#config.destinations[name]?.endpoint ?? '';
    return { lane: service, service, pauseScopes: ['all'], loopback: isLoopback(endpoint), gate: null };
  }

  /** Another configuration's limits; folders, destinations and providers are the same. */
  setLimits(config: LongshoreConfig): void {
    this.#config = config;
  }

  /**
   * What may be leased at once of all lanes that work against the same service. `pool` is what the destination bears now.
   */
  leases(
    lane: string,
    poolOf: (destination: string) => { readonly limit: number; readonly bulkLimit: number } | null,
  ): LeaseBudget {
    const [kind, name] = splitLane(lane);
    const ofFolder = kind === 'folder' || kind === 'deletes';
    const folder = ofFolder ? this.#config.folders.find((candidate) => candidate.name === name) : undefined;
    const destination = folder === undefined ? undefined : this.#config.destinations[folder.destination];
    const pool = destination === undefined ? null : poolOf(destination.name);
    if (destination === undefined || pool === null) {
      const calls = numberOr(this.#config.limits.concurrency, AUTO_CALLS);
      return { small: calls, ahead: 0, large: calls, largeAboveBytes: Number.MAX_SAFE_INTEGER };
    }
    return {
      small: pool.limit,
      ahead: MOST_AHEAD,
      // One more than fill the budget: it looks at its key and opens its upload while the others send.
      large: Math.ceil(pool.bulkLimit / this.partConcurrency(destination)) + 1,
      largeAboveBytes: destination.partSizeBytes,
    };
  }

  /** PUTs and parts to one destination at once. What is configured is tried from the start; `auto` feels its way. */
  poolRules(destination: DestinationConfig): PoolRules {
    const { concurrency } = destination.limits;
    const share = PARTS_IN_MEMORY_BYTES / Math.max(1, Object.keys(this.#config.destinations).length);
    return {
      bounds: { min: 1, max: numberOr(concurrency, AUTO_TRANSFERS_MAX) },
      start: concurrency === 'auto' ? undefined : concurrency,
      mostBulk: Math.max(1, Math.floor(share / destination.partSizeBytes)),
      partSizeBytes: destination.partSizeBytes,
    };
  }

  partConcurrency(destination: DestinationConfig): number {
    const { max } = this.poolRules(destination).bounds;
    return Math.min(max, numberOr(destination.limits.partConcurrency, AUTO_PART_CONCURRENCY));
  }

  retryPolicy(operation: StoredOperation): RetryPolicy {
    const destination = operation.destination === null ? undefined : this.#config.destinations[operation.destination];
    const provider = operation.provider === null ? undefined : this.#config.providers[operation.provider];
    const configured: RetryConfig | undefined = destination?.retry ?? provider?.retry;
    return configured ?? DEFAULT_RETRY_POLICY;
  }
}

/** What the configuration says of gates. */
export function gateRules({ limits, network }: LongshoreConfig): GateRules {
  const { workingHours, minFreeDiskBytes } = limits;
  const { pauseOnBattery, pauseOnMetered } = network;
  return { workingHours, minFreeDiskBytes, pauseOnBattery, pauseOnMetered };
}

export function destinationService(destination: string): string {
  return `dest:${destination}`;
}

function splitLane(lane: string): readonly [string, string] {
  const colon = lane.indexOf(':');
  return [lane.slice(0, colon), lane.slice(colon + 1)];
}

function numberOr(value: 'auto' | number, otherwise: number): number {
  return value === 'auto' ? otherwise : value;
}

/** An address on this machine works without any network. */
export function isLoopback(url: string): boolean {
  return URL.canParse(url) && isLoopbackHost(new URL(url).hostname);
}
