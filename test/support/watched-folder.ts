import { makeFingerprint } from '../../src/core/fingerprint.ts';
import { LongshoreError } from '../../src/core/longshore-error.ts';
import type {
  RootState,
  ScannedDirectory,
  ScannedFile,
  Scanner,
  ScanRequest,
  ScanSummary,
  WatchHints,
} from '../../src/core/ports.ts';
import type { StoredOperation } from '../../src/db/stored-operation.ts';
import { FolderSync } from '../../src/sync/folder-sync.ts';
import type { SyncedFolder } from '../../src/sync/synced-folder.ts';
import { Planner } from '../../src/sync/planner.ts';
import { FRACTION_MS, lease, makeOutbox, must, scannedDirectory, type Outbox } from './outbox.ts';

const ROOT = '/srv/photos';
const LONG_AGO_MS = 3_600_000;
/** More rounds than any scan here takes. */
const MAX_ROUNDS = 10_000;

interface TreeFile {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  ctimeMs: number;
  readonly ino: number;
  readonly volume: string;
}

/** A tree of files that a test changes, and a scanner over it that does what the port says. */
export class FakeTree implements Scanner {
  readonly files = new Map<string, TreeFile>();
  /** Directories on another volume than the root. */
  readonly mounts = new Map<string, string>();
  readonly ignored = new Set<string>();
  /** Files that can't be taken. */
  readonly problems = new Map<string, 'local.too-large' | 'local.permission'>();
  readonly unreadable = new Map<string, 'local.io' | 'local.permission'>();
  volume = '7';
  root: RootState = { kind: 'healthy' };
  marker: string | null = null;
  markerFails = false;
  scans: ScanRequest[] = [];
  #ino = 0;

  write(path: string, at: number, sizeBytes = 100): void {
    const volume = this.#volumeOf(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
    this.files.set(path, { sizeBytes, mtimeMs: at, ctimeMs: at, ino: ++this.#ino, volume });
  }

  /** As rename(2) does: the file is the same, its ctime moves. */
  rename(from: string, to: string, at: number): void {
    const file = must(this.files.get(from));
    this.files.delete(from);
    this.files.set(to, { ...file, ctimeMs: at });
  }

  /** All files below a directory. */
  renameDirectory(from: string, to: string, at: number): void {
    for (const path of [...this.files.keys()].filter((name) => name.startsWith(`${from}/`)))
      this.rename(path, `${to}${path.slice(from.length)}`, at);
  }

  async scan(
    request: ScanRequest,
    onBatch: (batch: readonly ScannedDirectory[]) => Promise<void> | void,
  ): Promise<ScanSummary> {
    this.scans.push(request);
    if (this.root.kind === 'healthy') {
      for (const { dir, below } of request.under) {
        const found = this.#walk(dir, below);
        if (found.length > 0) await onBatch(found);
      }
    }
    return { root: this.root, volume: this.root.kind === 'healthy' ? this.volume : null, cpuMs: 1 };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  readMarker(): Promise<string | null> {
    return Promise.resolve(this.marker);
  }

  writeMarker(_root: string, marker: string): Promise<void> {
    if (this.markerFails) return Promise.reject(new LongshoreError('local.permission', { subject: ROOT }));
    this.marker = marker;
    return Promise.resolve();
  }

  #walk(dir: string, below: boolean): ScannedDirectory[] {
    if (ancestorsAndSelf(dir).some((path) => this.ignored.has(path))) return [];
    if (dir !== '' && !this.#directories().has(dir)) return [scannedDirectory(dir, { gone: true, volume: '' })];
    const trouble = this.unreadable.get(dir);
    if (trouble !== undefined)
      return [scannedDirectory(dir, { complete: false, problems: [{ name: '.', code: trouble, detail: '' }] })];
    const subdirectories = [...this.#directories()].filter((path) => path !== '' && parentOf(path) === dir);
    const names = [...this.files.keys()].filter((path) => parentOf(path) === dir);
    const found = scannedDirectory(dir, {
      volume: this.#volumeOf(dir),
      files: names
        .filter((path) => !this.ignored.has(path) && !this.problems.has(path))
        .map((path) => this.#file(path)),
      problems: [...this.problems]
        .filter(([path]) => parentOf(path) === dir)
        .map(([path, code]) => ({ name: nameOf(path), code, detail: '' })),
      subdirectories: subdirectories.filter((path) => !this.ignored.has(path)).map(nameOf),
      ignoredNames: [...names, ...subdirectories].filter((path) => this.ignored.has(path)).map(nameOf),
    });
    if (!below) return [found];
    return [found, ...found.subdirectories.flatMap((name) => this.#walk(dir === '' ? name : `${dir}/${name}`, true))];
  }

  #file(path: string): ScannedFile {
    const { sizeBytes, mtimeMs, ctimeMs, ino, volume } = must(this.files.get(path));
    const fingerprint = makeFingerprint({
      size: BigInt(sizeBytes),
      mtimeNs: BigInt(mtimeMs) * 1_000_000n,
      ctimeNs: BigInt(ctimeMs) * 1_000_000n,
      ino: BigInt(ino),
      dev: BigInt(volume),
    });
    return { name: nameOf(path), sizeBytes, mtimeMs, ctimeMs: ctimeMs - FRACTION_MS, fingerprint };
  }

  /** Directories that hold a file, and mount points. */
  #directories(): Set<string> {
    const paths = [...this.files.keys()].map(parentOf);
    return new Set([...paths, ...this.mounts.keys()].flatMap(ancestorsAndSelf));
  }

  #volumeOf(dir: string): string {
    const mount = ancestorsAndSelf(dir).find((path) => this.mounts.has(path));
    return mount === undefined ? this.volume : must(this.mounts.get(mount));
  }
}

const parentOf = (path: string) => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** Nearest first, with the root. */
function ancestorsAndSelf(dir: string): string[] {
  return dir === '' ? [''] : [dir, ...ancestorsAndSelf(parentOf(dir))];
}

/** One folder's real scans, planner and outbox over a tree of the test, on a clock that the test moves. */
export class WatchedFolder {
  readonly outbox: Outbox = makeOutbox();
  readonly tree: FakeTree;
  readonly trouble: unknown[] = [];
  inTrouble = false;
  /** What the watch would say. */
  hints: WatchHints | null = null;
  sync: FolderSync;
  #etag = 0;

  constructor(patch: Partial<SyncedFolder> = {}, tree = new FakeTree()) {
    this.tree = tree;
    this.sync = this.#make(patch);
  }

  #make(patch: Partial<SyncedFolder>): FolderSync {
    const { repos, clock } = this.outbox;
    const planner = new Planner({
      ...this.outbox,
      stopRunning: () => undefined,
      keyOf: (prefix, path) => ({ ok: true, key: prefix + path.normalize('NFC'), originalName: null }),
      contentTypeOf: () => 'text/plain',
    });
    const folder: SyncedFolder = {
      name: 'drop',
      root: ROOT,
      destination: 'main',
      keyPrefix: 'drop/',
      priority: 'normal',
      stabilityMs: 500,
      mode: 'mirror',
      deletes: { graceMs: 60_000, askAboveFiles: 50, askAboveShare: 0.2 },
      ignore: [],
      maxFileSizeBytes: Number.MAX_SAFE_INTEGER,
      minFileSizeBytes: 0,
      scanIntervalMs: null,
      place: 'main/drop/',
      keepGoneMs: 90 * 86_400_000,
      ...patch,
    };
    return new FolderSync(folder, {
      ...this.outbox,
      repos,
      clock,
      scanner: this.tree,
      watcher: {
        watch: (_root, _ignore, hints) => {
          this.hints = hints;
          return () => Promise.resolve();
        },
        close: () => Promise.resolve(),
      },
      stopRunning: () => undefined,
      changes: this.tree,
      planner,
      inTrouble: () => this.inTrouble,
      onChange: () => undefined,
      onTrouble: (_folder, error) => this.trouble.push(error),
      onFatal: (error) => {
        throw error;
      },
    });
  }

  /** The engine was stopped; another one starts, perhaps with other rules. */
  async restart(patch: Partial<SyncedFolder> = {}): Promise<void> {
    await this.sync.stop();
    this.sync = this.#make(patch);
    await this.start();
  }

  async start(): Promise<void> {
    this.sync.start();
    this.outbox.clock.advance(0);
    await this.#rest();
  }

  /** A file that stands still since long. */
  write(path: string, sizeBytes?: number): void {
    this.tree.write(path, this.outbox.clock.now() - LONG_AGO_MS, sizeBytes);
  }

  rename(from: string, to: string): void {
    this.tree.rename(from, to, this.outbox.clock.now());
  }

  async fullScan(): Promise<void> {
    this.sync.requestFullScan();
    await this.wait(20);
  }

  /** Hints that these directories are dirty. */
  async hint(...dirs: readonly string[]): Promise<void> {
    for (const dir of dirs) this.sync.markDirty(dir);
    await this.wait(20);
  }

  /** Time passes, and whatever falls due is done. */
  async wait(ms: number): Promise<void> {
    const { clock } = this.outbox;
    const step = Math.max(1, Math.ceil(ms / 50));
    for (let left = ms; left > 0; left -= step) {
      clock.advance(Math.min(step, left));
      await this.#rest();
    }
  }

  async #rest(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      await new Promise((done) => setImmediate(done));
      this.outbox.clock.runDeferred();
      if (!this.sync.state().scanning) return;
    }
    throw new Error('the scan does not end');
  }

  operations(): StoredOperation[] {
    return this.outbox.db
      .prepare<[], { id: string }>('SELECT id FROM operations ORDER BY seq')
      .all()
      .map(({ id }) => must(this.outbox.repos.operations.byId(id)));
  }

  /** `kind state path`, in order. */
  told(): string[] {
    return this.operations().map(({ kind, state, path }) => `${kind.slice(5)} ${state} ${path ?? ''}`);
  }

  /** All that is pending succeeds: what the executors would do to the inventory. */
  succeed(): void {
    const { repos } = this.outbox;
    for (const operation of this.operations().filter(({ state }) => state === 'pending')) {
      const running = lease(this.outbox, operation);
      const { key } = operation.spec as { key: string };
      const path = must(operation.path);
      if (operation.kind === 'file.delete') repos.files.setBase('drop', parentOf(path), nameOf(path), null, null);
      else repos.files.setBase('drop', parentOf(path), nameOf(path), this.#version(), `CRC32:${key}`);
      repos.operations.transition(running, 'succeed');
    }
  }

  base(path: string) {
    return this.outbox.repos.files.get('drop', parentOf(path), nameOf(path))?.base ?? null;
  }

  #version() {
    return { etag: `e${(this.#etag += 1)}`, versionId: null };
  }
}

/** A connected mirror folder whose files are all in the storage. */
export async function mirrored(paths: readonly string[], patch: Partial<SyncedFolder> = {}): Promise<WatchedFolder> {
  const folder = new WatchedFolder(patch);
  for (const path of paths) folder.write(path);
  await folder.start();
  folder.succeed();
  return folder;
}
