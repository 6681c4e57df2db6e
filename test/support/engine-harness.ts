/**
 * A whole Longshore on one machine of a test: folders, configuration and data directory in a temporary place, the engine
 * in this process or as a real one, and the command line as its only window. Tests believe what the command line and the
 * storage say, nothing inside.
 */
import { spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { engineAccess } from '../../src/cli/engine-access.ts';
import { runCli } from '../../src/cli/program.ts';
import { loadConfigFile } from '../../src/config/load-config.ts';
import { machineContext } from '../../src/config/load-context.ts';
import { openWritable } from '../../src/db/connection.ts';
import { SettingsRepo } from '../../src/db/settings-repo.ts';
import { databaseFile, startEngine, type Engine, type EngineOptions } from '../../src/engine/engine.ts';
import { placeOf } from '../../src/engine/probed-destinations.ts';
import type { Params } from '../../src/protocol/contract.ts';
import { RpcClient } from '../../src/protocol/rpc-client.ts';
import type { OperationDetail, OperationView, StatusView } from '../../src/protocol/shapes.ts';
import { CONDITIONAL_WRITES, UNKNOWN_CAPABILITIES } from '../../src/sync/capabilities/capabilities.ts';
import { storeCapabilities } from '../../src/sync/capabilities/capability-store.ts';
import { engineEnv } from '../../tools/run/engine-runtime.mjs';
import { captureCli } from './captured-cli.ts';
import { TestBucket } from './s3-bucket.ts';
import { startMoto, startStandIn, type S3Endpoint, type StandIn } from './s3-servers.ts';
import { until } from './until.ts';

export const MIB = 1024 * 1024;
/** Least part that S3 allows. */
export const PART_BYTES = 5 * MIB;

export type ServerName = 'stand-in' | 'moto';
export interface TestServer extends S3Endpoint, Partial<Pick<StandIn, 'faults' | 'counters'>> {
  close(): Promise<void>;
}
/** Both servers that whatever does not need faults is proved on: ours, and one that no one here wrote. */
export const SERVERS: readonly (readonly [ServerName, () => Promise<TestServer>])[] = [
  ['stand-in', () => startStandIn()],
  ['moto', () => startMoto()],
];

/** Random bytes: no server, checksum or compression can guess them. */
export function noise(sizeBytes: number): Buffer {
  return randomFillSync(Buffer.allocUnsafe(sizeBytes));
}

/** Retries at once, and without chance: tests wait for outcomes, not for backoff. */
export const QUICK_RETRY = { initialDelay: '50ms', maxDelay: '200ms', jitter: 'none' };

type Section = Readonly<Record<string, unknown>>;
export interface ConfigPatch {
  /** Replaces the one folder `drop`. */
  readonly folders?: readonly Section[];
  /** Merged into the one folder `drop`. */
  readonly folder?: Section;
  /** Merged into the destination `main`. */
  readonly destination?: Section;
  /** Further destinations. */
  readonly destinations?: Readonly<Record<string, Section>>;
  readonly providers?: Readonly<Record<string, Section>>;
  /** Further sections of the file: limits, network, history. */
  readonly sections?: Section;
  /** False: the engine has yet to find out what the service can do. Default: it has, where the service is the stand-in. */
  readonly serviceIsKnown?: boolean;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

export class Rig {
  readonly base = mkdtempSync(join(tmpdir(), 'longshore-engine-'));
  readonly dataDir = join(this.base, 'data');
  readonly configFile = join(this.base, 'longshore.json');
  readonly bucket: TestBucket;
  /** What the engine in this process said to its host. */
  readonly log: string[] = [];
  /**
   * How often a command is given again when the engine has not answered it for 5 s: where a long run shares its machine with
   * other work, the engine may not get a turn for so long. Only for commands that may be given twice.
   */
  patience = 1;
  /** How often that was. */
  silences = 0;
  #engine: Engine | null = null;
  #serviceIsKnown = false;
  readonly #processes = new Set<RunningCommand>();

  private constructor(bucket: TestBucket) {
    this.bucket = bucket;
  }

  /** A machine with one folder `drop`, whose files go to `drop/` of a new bucket. Nothing runs yet. */
  static async create(server: S3Endpoint, patch: ConfigPatch = {}): Promise<Rig> {
    const rig = new Rig(await TestBucket.create(server));
    mkdirSync(rig.folder());
    rig.configure(patch);
    // Else the requests of the probe would mix with those that a test counts, and meet the faults that it plans.
    rig.#serviceIsKnown = patch.serviceIsKnown ?? 'faults' in server;
    return rig;
  }

  /** What an earlier run of the engine has found out about the stand-in: it honours every condition. */
  #knowService(): void {
    if (!this.#serviceIsKnown) return;
    this.#serviceIsKnown = false;
    const loaded = loadConfigFile(this.configFile, machineContext(this.dataDir));
    const destination = loaded.ok ? loaded.config.destinations['main'] : undefined;
    if (destination === undefined) return;
    mkdirSync(this.dataDir, { recursive: true, mode: 0o700 });
    const db = openWritable(databaseFile(this.dataDir));
    const conditions = Object.fromEntries(CONDITIONAL_WRITES.map((write) => [write, 'yes' as const]));
    storeCapabilities(new SettingsRepo(db), destination.name, placeOf(destination), {
      checkedAt: Date.now(),
      denied: false,
      leftover: null,
      capabilities: {
        conditions: { ...UNKNOWN_CAPABILITIES.conditions, ...conditions },
        checksums: { put: 'yes', multipart: 'yes' },
        versions: 'no',
      },
    });
    db.close();
  }

  folder(name = 'drop'): string {
    return join(this.base, name);
  }

  /** `path` in the folder `drop`, or in another one. */
  at(path: string, folder = 'drop'): string {
    return join(this.folder(folder), path);
  }

  write(path: string, content: string | Uint8Array, folder = 'drop'): void {
    mkdirSync(dirname(this.at(path, folder)), { recursive: true });
    writeFileSync(this.at(path, folder), content);
  }

  folderConfig(name: string, more: Section = {}): Section {
    return { name, path: this.folder(name), destination: 'main', prefix: `${name}/`, stability: '100ms', ...more };
  }

  destinationConfig(more: Section = {}): Section {
    const { endpoint, region, credentials } = this.bucket.server;
    return {
      type: 's3',
      endpoint,
      region,
      bucket: this.bucket.name,
      forcePathStyle: true,
      credentials,
      partSizeMiB: 5,
      retry: QUICK_RETRY,
      ...more,
    };
  }

  /** Writes the configuration file. A running engine notices by itself. */
  configure(patch: ConfigPatch = {}): void {
    const config = {
      device: 'testbox',
      folders: patch.folders ?? [this.folderConfig('drop', patch.folder)],
      destinations: { main: this.destinationConfig(patch.destination), ...patch.destinations },
      providers: patch.providers ?? {},
      ...patch.sections,
    };
    writeFileSync(this.configFile, JSON.stringify(config, null, 2));
  }

  /** Starts the engine in this process, on the real disk, clock, socket and database. */
  async start(
    env: Readonly<Record<string, string>> = {},
    more: Pick<EngineOptions, 'lookAtNetwork'> = {},
  ): Promise<void> {
    this.#knowService();
    this.#engine = await startEngine({
      dataDir: this.dataDir,
      configFile: this.configFile,
      env,
      log: (level, message) => this.log.push(`${level}: ${message}`),
      ...more,
    });
  }

  /** Tells the engine what a host (Electron) would. */
  async signal(params: Params<'host.signal'>): Promise<void> {
    if (this.#engine === null) throw new Error('no engine runs in this process');
    const client = new RpcClient(this.#engine.attach());
    await client.call('host.signal', params);
    client.close();
  }

  async stop(): Promise<void> {
    await this.#engine?.stop();
    this.#engine = null;
  }

  /** One command line, in this process; an engine is reached through its socket as by any other process. */
  cli(...args: readonly string[]): Promise<CommandResult> {
    return this.cliWithInput('', ...args);
  }

  async cliWithInput(stdin: string, ...args: readonly string[]): Promise<CommandResult> {
    for (let round = 1; ; round += 1) {
      const captured = captureCli({ stdin });
      const io = { ...captured.io, now: () => Date.now() };
      const exitCode = await runCli(this.#argv(args), io, engineAccess);
      const result = { exitCode, out: captured.stdout.text, err: captured.stderr.text };
      const isSilent = exitCode !== 0 && (result.out + result.err).includes('silent-engine');
      if (!isSilent || round >= this.patience) return result;
      this.silences += 1;
    }
  }

  /** A command that must end well, with its JSON document. */
  async json(...args: readonly string[]): Promise<unknown> {
    const result = await this.cli('--json', ...args);
    if (result.exitCode !== 0)
      throw new Error(`${args.join(' ')}: exit ${result.exitCode}\n${result.out}${result.err}`);
    return JSON.parse(result.out) as unknown;
  }

  async status(): Promise<StatusView> {
    return (await this.json('status')) as StatusView;
  }

  /** All operations, oldest first. */
  async ls(...args: readonly string[]): Promise<OperationView[]> {
    const { items } = (await this.json('ls', '--limit', '1000', ...args)) as { items: OperationView[] };
    return items.sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id));
  }

  /** The youngest operation on a file; fails when there is none. */
  async item(path: string, folder = 'drop'): Promise<OperationView> {
    const found = (await this.ls()).findLast((operation) => operation.path === path && operation.folder === folder);
    if (found === undefined) throw new Error(`nothing was queued for ${path}`);
    return found;
  }

  async show(id: string): Promise<OperationDetail> {
    return (await this.json('show', id)) as OperationDetail;
  }

  /** Waits until the youngest operation on a file is in this state, and returns it. */
  async untilItem(
    path: string,
    state: OperationView['state'],
    deadlineMs = 20_000,
    and: (operation: OperationView) => boolean = () => true,
  ): Promise<OperationView> {
    let last: OperationView | undefined;
    try {
      await until(
        `${path} is ${state}`,
        async () => {
          last = (await this.ls()).findLast((operation) => operation.path === path);
          return last?.state === state && and(last);
        },
        deadlineMs,
      );
    } catch (error) {
      const seen = last === undefined ? 'nothing was queued' : JSON.stringify(last);
      throw new Error(`${path} did not become ${state}; at last: ${seen}\n${this.log.join('\n')}`, { cause: error });
    }
    if (last === undefined) throw new Error('unreachable');
    return last;
  }

  /** Waits until the storage has exactly this under the key. */
  async untilStored(key: string, content: string, deadlineMs = 20_000): Promise<void> {
    await until(`the storage has ${key}`, async () => (await this.bucket.text(key)) === content, deadlineMs);
  }

  /** Waits until nothing is pending, running or waiting and the folders have been looked at. */
  async untilQuiet(deadlineMs = 20_000): Promise<StatusView> {
    let status = await this.status();
    await until(
      'all work is done',
      async () => {
        status = await this.status();
        const { pending, running, waiting } = status.counts;
        return pending + running + waiting === 0 && status.folders.every((folder) => folder.state !== 'scanning');
      },
      deadlineMs,
    );
    return status;
  }

  /** Asks for a full scan and waits until it is done. */
  async rescan(folder = 'drop'): Promise<void> {
    const scanOf = async () => (await this.status()).folders.find(({ name }) => name === folder)?.lastScanAt ?? '';
    const before = await scanOf();
    // Resuming what is not paused looks at everything again: the way a person asks for it.
    await this.json('resume');
    await until('a full scan', async () => (await scanOf()) > before);
  }

  /** A real process of the command line; killed at the end of the test if it still runs. */
  spawn(...args: readonly string[]): RunningCommand {
    return this.spawnProgram([MAIN], {}, ...args);
  }

  /** The same with another program, as `node` is given it, and with more in its environment. */
  spawnProgram(
    program: readonly string[],
    env: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): RunningCommand {
    if (args[0] === 'run') this.#knowService();
    const command = new RunningCommand([...program, ...this.#argv(args)], env);
    this.#processes.add(command);
    return command;
  }

  /** Waits until an engine in a process of its own answers. */
  async untilEngine(deadlineMs = 20_000): Promise<void> {
    await until('the engine answers', async () => (await this.cli('--json', 'status')).exitCode === 0, deadlineMs);
  }

  async close(): Promise<void> {
    await this.stop();
    for (const command of this.#processes) await command.kill('SIGKILL');
    this.bucket.close();
    rmSync(this.base, { recursive: true, force: true });
  }

  #argv(args: readonly string[]): string[] {
    return ['--config', this.configFile, '--data', this.dataDir, ...args];
  }
}

/** A command line as a real process. */
export class RunningCommand {
  readonly pid: number;
  readonly ended: Promise<CommandResult & { readonly signal: NodeJS.Signals | null }>;
  readonly #child;
  #out = '';
  #err = '';

  constructor(argv: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, argv, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // As `bin/longshore.js` starts it.
      env: { ...engineEnv, ...process.env, ...env },
    });
    this.pid = this.#child.pid ?? 0;
    this.#child.stdout.on('data', (chunk: Buffer) => (this.#out += chunk.toString()));
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#err += chunk.toString()));
    this.ended = new Promise((done, fail) => {
      this.#child.once('error', fail);
      this.#child.once('close', (code, signal) => {
        done({ exitCode: code ?? -1, signal, out: this.#out, err: this.#err });
      });
    });
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get output(): string {
    return this.#out + this.#err;
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    if (!this.hasEnded) this.#child.kill(signal);
    await this.ended;
  }
}
