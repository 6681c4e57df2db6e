import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { readEngineFile } from '../../src/protocol/engine-file.ts';
import { RpcClient } from '../../src/protocol/rpc-client.ts';
import type { StatusView } from '../../src/protocol/shapes.ts';
import { connectToSocket } from '../../src/protocol/socket-client.ts';
import { BUCKET, CREDENTIALS, REGION } from '../servers/server-process.ts';
import { measureProcess, startProcess, stopProcess, type Command, type Usage } from './run-process.ts';
import type { BenchContext } from './bench-context.ts';
import { processCpuMs, residentBytes } from './process-usage.ts';

const FOLDER = 'bench';
/** Between two looks at a running engine's state, ms: seldom enough to cost it nothing. */
const LOOK_MS = 100;
const SETTLE_LIMIT_MS = 10 * 60_000;

export interface EngineSetup {
  readonly context: BenchContext;
  readonly folder: string;
  readonly endpoint: string;
  /** Files and parts in transfer at once; the product's own default where nothing is said. */
  readonly concurrency?: number;
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
    const { concurrency } = setup;
    const config = {
      device: 'bench',
      folders: [{ name: FOLDER, path: setup.folder, destination: 'main', prefix: 'bench/' }],
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

  #command(...args: readonly string[]): Command {
    const main = this.#setup.context.engineFrom === 'dist' ? '../../dist/node/cli.js' : '../../src/cli/main.ts';
    const program = fileURLToPath(new URL(main, import.meta.url));
    const options = ['--config', this.#configFile, '--data', this.#dataDir, '--no-color'];
    const profile = this.#setup.context.profileDirectory;
    const profiling = profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    return { program: process.execPath, args: [...profiling, program, ...options, ...args] };
  }

  /** `run --once` as a user starts it: the process from its start to its end. */
  runOnce(): Promise<Usage> {
    return measureProcess(this.#command('run', '--once'), this.#outputFile(), this.#setup.context.workspace);
  }

  /** Starts the engine for good. */
  async start(): Promise<RunningEngine> {
    const startedAt = Date.now();
    const outputFile = this.#outputFile();
    const child = startProcess(this.#command('run'), outputFile);
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
    return new RunningEngine(child.pid, startedAt, new RpcClient(await connectToSocket(facts)), release);
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

  /** `startedAt`: epoch ms before its process was made. */
  constructor(pid: number, startedAt: number, client: RpcClient, release: () => Promise<void>) {
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
    await this.#until(({ folders }) => (folders[0]?.files ?? 0) >= files);
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
