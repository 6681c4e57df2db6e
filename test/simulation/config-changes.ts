import type {
  ConflictStrategy,
  DestinationConfig,
  FolderConfig,
  LongshoreConfig,
} from '../../src/config/config-types.ts';
import type { MachineConfig } from './machine-config.ts';
import type { SeededRandom } from './seeded-random.ts';
import { endpointOf } from './sim-config.ts';

/** What a person may change, and how often. */
export const CONFIG_CHANGES = {
  mode: 2,
  paused: 2,
  afterUpload: 2,
  rules: 1.5,
  conflict: 0.5,
  deletes: 1,
  place: 3,
  presence: 2,
  bucket: 2,
} as const;
export type ConfigChange = keyof typeof CONFIG_CHANGES;

export const CHANGE_KINDS = Object.keys(CONFIG_CHANGES) as readonly ConfigChange[];

const STRATEGIES: readonly ConflictStrategy[] = ['manual', 'keep-both', 'local-wins', 'remote-wins', 'newest-wins'];
/** Files, and a directory with everything below it. */
const IGNORED = ['*.txt', '*.bin', 'd'];
const KEPT = { afterUpload: 'keep', archivePath: null } as const;

interface Changed {
  readonly folder: FolderConfig;
  /** What is different now. */
  readonly words: string;
}

export interface ChangedConfig {
  readonly config: LongshoreConfig;
  readonly words: string;
}

/** The configuration after one change of one folder; null where there is nothing to change. */
export function changeConfig(
  kind: ConfigChange,
  configuration: MachineConfig,
  random: SeededRandom,
): ChangedConfig | null {
  if (kind === 'presence') return comeOrGo(configuration, random);
  if (kind === 'bucket') return anotherBucket(configuration, random);
  const config = configuration.written;
  if (config.folders.length === 0) return null;
  const folder = random.pick(config.folders);
  const changed = changeFolder(kind, folder, random);
  const folders = config.folders.map((known) => (known === folder ? changed.folder : known));
  return { config: { ...config, folders }, words: `${folder.name}: ${changed.words}` };
}

function changeFolder(
  kind: Exclude<ConfigChange, 'presence' | 'bucket'>,
  folder: FolderConfig,
  random: SeededRandom,
): Changed {
  switch (kind) {
    case 'mode':
      return folder.mode === 'mirror'
        ? { folder: { ...folder, mode: 'drop' }, words: 'mirror → drop' }
        : { folder: { ...folder, ...KEPT, mode: 'mirror' }, words: `drop (${folder.afterUpload}) → mirror` };
    case 'paused':
      return {
        folder: { ...folder, paused: !folder.paused },
        words: folder.paused ? 'not paused any more' : 'paused',
      };
    case 'afterUpload': {
      const afterUpload = another(['keep', 'trash', 'archive'] as const, folder.afterUpload, random);
      const archivePath = afterUpload === 'archive' ? `/archive/${folder.name}` : null;
      // A mirror puts nothing away: whoever wants that gives mirroring up.
      return {
        folder: { ...folder, mode: 'drop', afterUpload, archivePath },
        words: `${folder.mode}, after the upload ${folder.afterUpload} → drop, ${afterUpload}`,
      };
    }
    case 'rules': {
      const rule = random.pick(IGNORED);
      const ignored = folder.ignore.includes(rule);
      const ignore = ignored ? folder.ignore.filter((other) => other !== rule) : [...folder.ignore, rule];
      return { folder: { ...folder, ignore }, words: `${rule} is ${ignored ? 'taken again' : 'left out'}` };
    }
    case 'conflict': {
      const conflict = another(STRATEGIES, folder.conflict, random);
      return { folder: { ...folder, conflict }, words: `conflicts ${folder.conflict} → ${conflict}` };
    }
    case 'deletes': {
      const graceMs = another([2000, 20_000, 60_000], folder.deletes.graceMs, random);
      const askAboveFiles = random.pick([1, 3, 6]);
      const deletes = { ...folder.deletes, graceMs, askAboveFiles };
      return { folder: { ...folder, deletes }, words: `deletes after ${graceMs} ms, asks above ${askAboveFiles}` };
    }
    case 'place': {
      const places = ['main', 'second'].flatMap((destination) => [
        { destination, prefix: `${folder.name}/` },
        { destination, prefix: `${folder.name}-new/` },
      ]);
      const elsewhere = places.filter(
        ({ destination, prefix }) => destination !== folder.destination || prefix !== folder.prefix,
      );
      const place = random.pick(elsewhere);
      const words = `goes from ${folder.destination}:${folder.prefix} to ${place.destination}:${place.prefix}`;
      return { folder: { ...folder, ...place }, words };
    }
  }
}

/** A folder that is away comes back: as it was last, or as it was at first, which may be another place. */
function comeOrGo(configuration: MachineConfig, random: SeededRandom): ChangedConfig {
  const { written, everyFolder } = configuration;
  const { folders } = written;
  const at = random.pick(everyFolder);
  if (folders.some(({ name }) => name === at.name)) {
    const others = folders.filter(({ name }) => name !== at.name);
    return { config: { ...written, folders: others }, words: `${at.name} is removed` };
  }
  const folder = random.chance(0.6) ? (configuration.since(at.name, 0).at(-1) ?? at) : at;
  const words = `${at.name} is added again, to ${folder.destination}:${folder.prefix}`;
  return { config: { ...written, folders: [...folders, folder] }, words };
}

/** A destination leads to its other bucket under the same name, or to the bucket of the same name at another service. */
function anotherBucket({ written }: MachineConfig, random: SeededRandom): ChangedConfig {
  const { name, bucket, endpoint } = random.pick(Object.values(written.destinations));
  const elsewhere = random.chance(0.7)
    ? { bucket: bucket === name ? `${name}-new` : name, endpoint }
    : { bucket, endpoint: endpoint === endpointOf(name) ? endpointOf(`${name}-new`) : endpointOf(name) };
  const words = `${name} leads to bucket ${elsewhere.bucket} at ${elsewhere.endpoint}`;
  return { config: leadingTo(written, name, elsewhere), words };
}

/** The configuration with another place for a destination. */
export function leadingTo(
  config: LongshoreConfig,
  name: string,
  place: Pick<DestinationConfig, 'bucket' | 'endpoint'>,
): LongshoreConfig {
  const destination = config.destinations[name];
  if (destination === undefined) return config;
  return { ...config, destinations: { ...config.destinations, [name]: { ...destination, ...place } } };
}

function another<T>(all: readonly T[], not: T, random: SeededRandom): T {
  return random.pick(all.filter((one) => one !== not));
}
