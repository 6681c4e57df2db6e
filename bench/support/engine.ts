import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { databaseFile } from '../../src/engine/engine.ts';
import { readEngineFile } from '../../src/protocol/engine-file.ts';
import { RpcClient } from '../../src/protocol/rpc-client.ts';
import type { StatusView } from '../../src/protocol/shapes.ts';
import { connectToSocket } from '../../src/protocol/socket-client.ts';
import { SINK_ETAG } from '../servers/sink.ts';
import { BUCKET, CREDENTIALS, REGION } from '../servers/server-process.ts';
import { engineEnv, v8Flags } from '../../tools/run/engine-runtime.mjs';
import { measureProcess, startProcess, stopProcess, type Command, type Usage } from './run-process.ts';
import type { BenchContext } from './bench-context.ts';
import { longestDelays, probeArguments, type LoopSummary } from './loop-delays.ts';
import { peakResidentBytes, processCpuMs, residentBytes } from './process-usage.ts';
import { seedInventory } from './seed-inventory.ts';

const FOLDER = 'bench';
/** Between two looks at a running engine's state, ms: seldom enough to cost it nothing. */
const LOOK_MS = 100;
const SETTLE_LIMIT_MS = 10 * 60_000;
/** What the loop's probe saw is in its file after this, ms. */
const PROBE_WRITES_MS = 600;

export interface EngineSetup {
  readonly context: BenchContext;
  readonly folder: string;
  readonly endpoint: string;
  /** Files and parts in transfer at once; the product's own default where nothing is said. */
  readonly concurrency?: number;
  /** How local deletes are followed; the product's own default where nothing is said. */
  readonly mode?: 'drop' | 'mirror';
  /** How many days events are kept; the product's own default where nothing is said. */
  readonly keepDays?: number;
}

/** One installation: configuration and data directory of its own. */
export class Installation {
  readonly #setup: EngineSetup;
  readonly #home: string;
  readonly #dataDir: string;
  #started = 0;

  constructor(setup: EngineSetup) {
    this.#setup = setup;
    this.#home = setup.context.workspace.directory('engine');
    this.#dataDir = join(this.#home, 'data');
    this.configure();
  }

  /** Writes the configuration; `further` folders stand beside the first. A running engine takes it over. */
  configure(further: Readonly<Record<string, string>> = {}): void {
    const { concurrency, mode, keepDays, ...setup } = this.#setup;
    const folderOf = (name: string, path: string) => ({
      name,
      path,
      destination: 'main',
      prefix: `${name}/`,
      ...(mode === undefined ? {} : { mode }),
    });
    const config = {
      device: 'bench',
      folders: [folderOf(FOLDER, setup.folder), ...Object.entries(further).map(([name, path]) => folderOf(name, path))],
      ...(keepDays === undefined ? {} : { history: { keepDays } }),
      destinations: {
        main: {
          type: 's3',
          endpoint: setup.endpoint,
          region: REGION,
          bucket: BUCKET,
          forcePathStyle: true,
          credentials: CREDENTIALS,
          ...(concurrency === undefined ? {} : { limits: { concurrency, partConcurrency: Math.min(concurrency, 8) } }),
        },
      },
    };
    writeFileSync(this.#configFile, JSON.stringify(config, null, 2));
  }

  get #configFile(): string {
    return join(this.#home, 'longshore.json');
  }

  get #loopFile(): string {
    return join(this.#home, 'loop.ndjson');
  }

  /** The database as it is when every file of the folder has been uploaded; see `seedInventory`. Before the first start. */
  seed(historyAgeMs: number | null): Promise<number> {
    return seedInventory({
      dataDir: this.#dataDir,
      folder: {
        name: FOLDER,
        root: this.#setup.folder,
        place: JSON.stringify(['main', BUCKET, `${FOLDER}/`]),
      },
      destination: 'main',
      keyPrefix: `${FOLDER}/`,
      etag: SINK_ETAG,
      historyAgeMs,
    });
  }

  /** What the database and its log take on the disk, bytes. */
  databaseBytes(): number {
    const file = databaseFile(this.#dataDir);
    return [file, `${file}-wal`].reduce((sum, each) => sum + (existsSync(each) ? statSync(each).size : 0), 0);
  }

  #command(args: readonly string[], nodeArgs: readonly string[] = []): Command {
    const main = this.#setup.context.engineFrom === 'dist' ? '../../dist/node/cli.js' : '../../src/cli/main.ts';
    const program = fileURLToPath(new URL(main, import.meta.url));
    const options = ['--config', this.#configFile, '--data', this.#dataDir, '--no-color'];
    const profile = this.#setup.context.profileDirectory;
    const profiling = profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    // As `bin/longshore.js` starts it.
    const node = [...v8Flags, ...nodeArgs, ...profiling];
    return { program: process.execPath, args: [...node, program, ...options, ...args], env: engineEnv };
  }

  /** `run --once` as a user starts it: the process from its start to its end. */
  runOnce(): Promise<Usage> {
    return measureProcess(this.#command(['run', '--once']), this.#outputFile(), this.#setup.context.workspace);
  }

  /** Starts the engine for good. `watchLoop`: it writes down when its loop stood still, which costs a percent of a core. */
  async start({ watchLoop = false } = {}): Promise<RunningEngine> {
    const startedAt = Date.now();
    const outputFile = this.#outputFile();
    const child = startProcess(this.#command(['run'], watchLoop ? probeArguments(this.#loopFile) : []), outputFile);
    const release = this.#setup.context.workspace.owns(() => stopProcess(child));
    if (child.pid === undefined) throw new Error('the engine could not be started');
    const deadline = performance.now() + 30_000;
    while (!existsSync(join(this.#dataDir, 'engine.json'))) {
      if (child.exitCode !== null || performance.now() > deadline) {
        await release();
        throw new Error(`the engine did not come up\n${readFileSync(outputFile, 'utf8').slice(-2000)}`);
      }
      await delay(LOOK_MS);
    }
    const facts = readEngineFile(this.#dataDir);
    if (facts === null) throw new Error('the engine told nothing about itself');
    return new RunningEngine(
      child.pid,
      startedAt,
      new RpcClient(await connectToSocket(facts)),
      release,
      this.#loopFile,
    );
  }

  #outputFile(): string {
    this.#started += 1;
    return join(this.#home, `output-${this.#started}.log`);
  }

  remove(): void {
    this.#setup.context.workspace.remove(this.#home);
  }
}

/** An engine that goes on until `stop`, looked at through its own socket. */
export class RunningEngine {
  readonly #pid: number;
  readonly #startedAt: number;
  readonly #client: RpcClient;
  readonly #release: () => Promise<void>;
  readonly #loopFile: string;
  /** When (epoch ms) it served its first client. */
  readonly readyAt = Date.now();

  /** `startedAt`: epoch ms before its process was made. */
  constructor(pid: number, startedAt: number, client: RpcClient, release: () => Promise<void>, loopFile: string) {
    this.#loopFile = loopFile;
    this.#pid = pid;
    this.#startedAt = startedAt;
    this.#client = client;
    this.#release = release;
  }

  residentBytes(): number {
    return residentBytes(this.#pid);
  }

  /** Resolves once everything is scanned, by this engine, and sent. */
  async settled(): Promise<void> {
    await this.#until((status) => {
      const { pending, running, waiting } = status.counts;
      const folder = status.folders[0];
      return (
        pending + running + waiting === 0 &&
        folder?.state === 'ok' &&
        Date.parse(folder.lastScanAt ?? '') >= this.#startedAt
      );
    });
  }

  /** Resolves once so many files are in the inventory, sent or not. */
  async knows(files: number): Promise<void> {
    await this.#until(({ folders }) => folders.reduce((sum, folder) => sum + folder.files, 0) >= files);
  }

  /** Resolves once this many files are all that the inventory has. */
  async knowsNoMoreThan(files: number): Promise<void> {
    await this.#until(({ folders }) => folders.reduce((sum, folder) => sum + folder.files, 0) <= files);
  }

  status(): Promise<StatusView> {
    return this.#client.call('status', {});
  }

  /** For whatever else a client may ask. */
  get client(): RpcClient {
    return this.#client;
  }

  /** How long its loop stood still since `from` (epoch ms), after what is on its way was written. */
  async loop(from: number): Promise<LoopSummary> {
    const to = Date.now();
    await delay(PROBE_WRITES_MS);
    const found = longestDelays(this.#loopFile, from, to);
    if (found === null) throw new Error('the loop was not watched');
    return found;
  }

  /** The most memory that it ever had, bytes, as the kernel noted it. */
  peakBytes(): number {
    return peakResidentBytes(this.#pid);
  }

  /** CPU time of the engine's process so far, ms. Ticks of 10 ms. */
  cpuMs(): number {
    return processCpuMs(this.#pid);
  }

  /** A full scan on request; gives the time from the request to its conclusion in the inventory, ms. */
  async rescan(): Promise<number> {
    const before = (await this.#client.call('status', {})).folders[0]?.lastScanAt;
    const askedAt = Date.now();
    await this.#client.call('rescan', {});
    const status = await this.#until(({ folders }) => folders[0]?.state === 'ok' && folders[0].lastScanAt !== before);
    return Date.parse(status.folders[0]?.lastScanAt ?? '') - askedAt;
  }

  async stop(): Promise<void> {
    this.#client.close();
    await this.#release();
  }

  async #until(isSo: (status: StatusView) => boolean): Promise<StatusView> {
    const deadline = performance.now() + SETTLE_LIMIT_MS;
    for (;;) {
      const status = await this.#client.call('status', {});
      if (isSo(status)) return status;
      if (performance.now() > deadline) throw new Error('the engine does not settle');
      await delay(LOOK_MS);
    }
  }
}
