import type {
  ConflictStrategy,
  DestinationConfig,
  FolderConfig,
  LongshoreConfig,
  ProviderConfig,
} from '../../src/config/config-types.ts';
import type { SeededRandom } from './seeded-random.ts';

const STRATEGIES: readonly ConflictStrategy[] = [
  'manual',
  'manual',
  'keep-both',
  'local-wins',
  'remote-wins',
  'newest-wins',
];

/** Tiny parts: a file of a few hundred bytes is a large one. */
export const PART_BYTES = 64;

/** What the engine under test can do: the scenarios ask for no more. */
export const FEATURES = { mirror: true, afterUpload: true, strategies: true, headStandIn: true };

/** The service to which a destination leads at first. */
export function endpointOf(destination: string): string {
  return `https://${destination}.storage.sim`;
}

/** A configuration of the simulation; what may differ between machines differs between seeds. */
export function simConfig(random: SeededRandom): LongshoreConfig {
  const retry = {
    maxAttempts: random.pick([3, 6, 10]),
    initialDelayMs: random.pick([100, 1000]),
    maxDelayMs: random.pick([5000, 60_000]),
    multiplier: 2,
    jitter: random.pick(['full', 'none'] as const),
  };
  const stabilityMs = random.pick([500, 500, 1000]);
  const folder = (name: string, destination: string): FolderConfig => {
    const mirror = FEATURES.mirror && random.chance(0.6);
    const afterUpload =
      FEATURES.afterUpload && !mirror ? random.pick(['keep', 'keep', 'trash', 'archive'] as const) : 'keep';
    return folderWith(name, destination, mirror, afterUpload);
  };
  const folderWith = (
    name: string,
    destination: string,
    mirror: boolean,
    afterUpload: FolderConfig['afterUpload'],
  ): FolderConfig => ({
    name,
    path: `/home/${name}`,
    destination,
    prefix: `${name}/`,
    mode: mirror ? 'mirror' : 'drop',
    conflict: FEATURES.strategies ? random.pick(STRATEGIES) : 'manual',
    ignore: ['*.bak'],
    priority: random.pick(['low', 'normal', 'high', 'critical'] as const),
    afterUpload,
    archivePath: afterUpload === 'archive' ? `/archive/${name}` : null,
    deletes: { graceMs: random.pick([2000, 60_000]), askAboveFiles: 3, askAboveShare: 0.3 },
    maxFileSizeBytes: random.chance(0.3) ? 700 : null,
    minFileSizeBytes: 0,
    stabilityMs,
    scanIntervalMs: random.pick([null, null, 60_000]),
    paused: false,
    frozen: null,
  });
  const destination = (name: string): DestinationConfig => ({
    name,
    type: 's3',
    endpoint: endpointOf(name),
    region: 'us-east-1',
    bucket: name,
    forcePathStyle: true,
    credentials: { kind: 'env' },
    prefix: random.pick(['', 'p/']),
    allowInsecureHttp: false,
    publicUrl: null,
    retry,
    partSizeBytes: PART_BYTES,
    limits: {
      concurrency: random.pick(['auto', 1, 2, 4] as const),
      partConcurrency: random.pick(['auto', 1, 2] as const),
      uploadKiBps: 0,
    },
    proxy: { kind: 'none' },
    stallTimeoutMs: 30_000,
  });
  const provider = (name: string, mode: 'key' | 'method'): ProviderConfig => ({
    name,
    baseUrl: `https://${name}.api.sim`,
    allowInsecureHttp: false,
    auth: { type: 'bearer', token: { kind: 'literal', value: 'sim-token' } },
    headers: {},
    timeoutMs: 20_000,
    idempotency: { mode, windowMs: 24 * 60 * 60_000 },
    retry,
    conflict: 'manual',
  });
  const folders = [folder('alpha', 'main')];
  if (random.chance(0.5)) folders.push(folder('beta', random.pick(['main', 'second'])));
  return {
    device: 'sim',
    folders,
    destinations: { main: destination('main'), second: destination('second') },
    providers: { keyed: provider('keyed', 'key'), plain: provider('plain', 'method') },
    flows: {},
    subscriptions: [],
    limits: { uploadKiBps: 0, schedule: [], concurrency: 'auto', workingHours: [], minFreeDiskBytes: 1000 },
    network: { proxy: { kind: 'none' }, pauseOnBattery: false, pauseOnMetered: false },
    history: { keepDays: 90 },
  };
}
