import type { DestinationConfig, FolderConfig, LongshoreConfig } from '../../src/config/config-types.ts';
import { storagePlace } from '../../src/config/storage-place.ts';
import { endpointOf } from './sim-config.ts';

/** What stood in the configuration from some time on. */
interface Period {
  /** Until when it was in force, on the clock that never jumps; null: it still is. */
  untilMs: number | null;
  /** By the world's clock. */
  readonly sinceTime: number;
  readonly config: LongshoreConfig;
}

/** The configuration of one machine as a person wrote it, as the engine has it in force, and as it was before. */
export class MachineConfig {
  /** What the file says: the engine may not have met it yet. */
  written: LongshoreConfig;
  /** Every folder that any configuration had, as it was at first: people use their directories all the same. */
  readonly everyFolder: readonly FolderConfig[];
  readonly #periods: Period[];

  constructor(config: LongshoreConfig) {
    this.written = config;
    this.everyFolder = config.folders;
    this.#periods = [{ untilMs: null, sinceTime: 0, config }];
  }

  /** The engine works under it, or did when it was last alive. */
  get inForce(): LongshoreConfig {
    return this.#periods.at(-1)!.config;
  }

  took(config: LongshoreConfig, elapsedMs: number, sinceTime: number): void {
    this.#periods.at(-1)!.untilMs = elapsedMs;
    this.#periods.push({ untilMs: null, sinceTime, config });
  }

  /** What was said of a folder since then, by those configurations that had it: the one in force comes last. */
  since(name: string, elapsedMs: number): FolderConfig[] {
    const periods = this.#periods.filter(({ untilMs }) => untilMs === null || untilMs >= elapsedMs);
    return periods.flatMap(({ config }) => config.folders.find((folder) => folder.name === name) ?? []);
  }

  /** The buckets that a destination has led to since then. */
  bucketsSince(destination: string, elapsedMs: number): ReadonlySet<string> {
    const periods = this.#periods.filter(({ untilMs }) => untilMs === null || untilMs >= elapsedMs);
    return new Set(
      periods
        .flatMap(({ config }) => Object.values(config.destinations).filter(({ name }) => name === destination))
        .map(bucketName),
    );
  }

  /** When the folder's files last began to go somewhere else, by the world's clock; 0: they always went there. */
  placedSince(name: string): number {
    let place: string | null = null;
    let since = 0;
    for (const { config, sinceTime } of this.#periods) {
      const folder = config.folders.find((known) => known.name === name);
      if (folder === undefined) continue;
      const its = placeOf(config, folder);
      if (place !== null && its !== place) since = sinceTime;
      place = its;
    }
    return since;
  }
}

/** Where its files go. */
export function placeOf(config: LongshoreConfig, folder: FolderConfig): string {
  const destination = config.destinations[folder.destination];
  const bucket = destination === undefined ? '' : bucketName(destination);
  return `${bucket} ${folder.destination}:${keyPrefixOf(config, folder)}`;
}

/** The bucket that a destination leads to, as the world knows it: each service has its own. */
export function bucketName({ name, bucket, endpoint }: DestinationConfig): string {
  return endpoint === endpointOf(name) ? bucket : `${bucket} at ${endpoint}`;
}

/** Those that the destinations lead to. */
export function bucketNames(config: LongshoreConfig): ReadonlySet<string> {
  return new Set(Object.values(config.destinations).map(bucketName));
}

/** Whether this place, as the outbox stores it, is one that no destination leads to. */
export function isElsewhere(config: LongshoreConfig, place: string | null): boolean {
  return place !== null && !Object.values(config.destinations).some((known) => storagePlace(known) === place);
}

/** Under which keys a folder's files are. */
export function keyPrefixOf(config: LongshoreConfig, folder: FolderConfig): string {
  return (config.destinations[folder.destination]?.prefix ?? '') + folder.prefix;
}

/** Whether the folder's own rules leave this file out: all of them are `*.ext` or a plain name. */
export function leavesOut({ ignore }: FolderConfig, path: string): boolean {
  return path
    .split('/')
    .some((name) => ignore.some((rule) => (rule.startsWith('*') ? name.endsWith(rule.slice(1)) : name === rule)));
}
