import { AssertionFailed } from '../../src/core/assert.ts';
import type { FolderConfig, LongshoreConfig } from '../../src/config/config-types.ts';
import type { Clock } from '../../src/core/ports.ts';
import type { Sealer } from '../../src/db/seal.ts';
import { openRepositories, type Repositories } from '../../src/db/repositories.ts';
import { coreForConfig } from '../../src/engine/core-for-config.ts';
import { SyncCore } from '../../src/engine/sync-core.ts';
import type { CoreHooks } from '../../src/engine/sync-core-ports.ts';
import type { Bucket } from './bucket.ts';
import type { Writer } from './object-history.ts';
import { LocalChecks } from './local-checks.ts';
import { bucketName, keyPrefixOf, MachineConfig } from './machine-config.ts';
import { MachineTime } from './machine-time.ts';
import { OutboxView, type OperationFacts } from './outbox-view.ts';
import type { Machine, World } from './parties.ts';
import { PauseModel } from './pause-model.ts';
import { RequestChecks, type FolderRule } from './request-checks.ts';
import { Removals } from './removals.ts';
import type { SeededRandom } from './seeded-random.ts';
import { Crash, DeadEngine, SimDatabase } from './sim-database.ts';
import { SimDisk } from './sim-disk.ts';
import { PLAIN_SEALER, simPorts } from './sim-ports.ts';
import type { Road } from './sim-store.ts';
import type { Life } from './virtual-time.ts';
import { Wire } from './wire.ts';

/** DESIGN, CONTRACT.md `run`: a stop ends within this, ms. */
const STOP_LIMIT_MS = 5000;
/** P9: so long after a pause bytes have stopped, ms. */
const PAUSE_CHECK_MS = 1000;
const WRONG = new Set<string>(['AssertionFailed', 'TypeError', 'RangeError', 'ReferenceError', 'SqliteError']);

/** A running engine: one life. */
export interface Engine {
  readonly life: Life;
  /** Of the configuration in force; another one after a change that it can't take over. */
  core: SyncCore;
  /** Takes changes of the configuration over, one at a time. */
  reloading: Promise<void>;
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly sealer: Sealer;
  readonly makeCore: (config: LongshoreConfig) => SyncCore;
}

/** One computer with its disk, its database and its ways to the services; engines live and die on it. */
export class SimMachine implements Machine {
  readonly world: World;
  /** How its versions are marked. */
  readonly name: Writer;
  readonly random: SeededRandom;
  readonly time: MachineTime;
  readonly disk: SimDisk;
  readonly configuration: MachineConfig;
  readonly wire: Wire;
  readonly roads = new Map<string, Road>();
  readonly database: SimDatabase;
  readonly outbox: OutboxView;
  readonly pauses: PauseModel;
  readonly requests: RequestChecks;
  readonly local: LocalChecks;
  /** Operations of calls by their tag. */
  readonly calls = new Map<string, string>();
  readonly removals: Removals;
  engine: Engine | null = null;
  offline = false;
  readonly #acknowledged = new Set<string>();
  #lastSeq = 0;
  #stopping: Engine | null = null;
  /** Of the engine that starts, runs or stops. */
  #life: Life | null = null;

  constructor(world: World, name: Writer, config: LongshoreConfig, random: SeededRandom) {
    this.world = world;
    this.name = name;
    this.configuration = new MachineConfig(config);
    this.random = random;
    this.time = new MachineTime(world.time);
    this.disk = new SimDisk(this.time);
    this.wire = new Wire(world.time, random.fork());
    this.database = new SimDatabase(() => {
      this.crash('write');
    });
    this.outbox = new OutboxView((sql) => this.database.prepare(sql));
    this.pauses = new PauseModel(this.time);
    this.local = new LocalChecks(this);
    this.removals = new Removals(this);
    this.requests = new RequestChecks({
      outbox: this.outbox,
      pauses: this.pauses,
      violations: world.violations,
      elapsedMs: () => this.time.elapsedMs,
      bucketOf: (destination) => this.bucketOf(destination),
      callOf: (tag) => this.calls.get(tag),
      ruleOf: (folder) => this.#ruleOf(folder),
      trace: (text) => {
        this.trace(text);
      },
    });
    this.wire.watch(this.requests);
    for (const service of [...Object.keys(config.destinations), ...world.services.keys()]) this.road(service);
    for (const folder of config.folders) this.disk.mkdir(folder.path, 7);
  }

  trace(text: string): void {
    this.world.trace(this.world.machines.length > 1 ? `${this.name}| ${text}` : text);
  }

  /** In force, or it was when the engine was last alive. */
  get config(): LongshoreConfig {
    return this.configuration.inForce;
  }

  /** The engine has not taken over yet what a person wrote. */
  get changing(): boolean {
    return this.configuration.written !== this.config;
  }

  /** As it is in force, or else as it was once. */
  folderOf(operation: OperationFacts): FolderConfig | null {
    const known = [...this.config.folders, ...this.configuration.everyFolder];
    return known.find(({ name }) => name === operation.folder) ?? null;
  }

  /** Only a folder that has settled in under the configuration in force says what holds for it. */
  #ruleOf(name: string): FolderRule | null {
    const config = this.engine?.core.config;
    const folder = config?.folders.find((known) => known.name === name);
    const destination = folder === undefined ? undefined : config?.destinations[folder.destination];
    if (config === undefined || folder === undefined || destination === undefined) return null;
    if (this.engine?.core.folder(name)?.hasSettledIn !== true) return null;
    return {
      bucket: bucketName(destination),
      resources: `${folder.destination}:${keyPrefixOf(config, folder)}`,
      mirror: folder.mode === 'mirror',
    };
  }

  bucketOf(destination: string): Bucket | undefined {
    const known = this.config.destinations[destination];
    return known === undefined ? undefined : this.world.bucket(bucketName(known), destination);
  }

  localPath(operation: OperationFacts): string | null {
    const folder = this.configuration.everyFolder.find(({ name }) => name === operation.folder);
    return folder === undefined || operation.path === null ? null : `${folder.path}/${operation.path}`;
  }

  // ------------------------------------------------------------ lives of the engine

  start(): void {
    if (this.#life !== null) return;
    this.trace('● start');
    const life: Life = { alive: true };
    this.#life = life;
    const { time, random } = this;
    const clock = time.clock(life);
    this.#guarded(() => {
      const repos = openRepositories(this.database.open(life), clock, random, PLAIN_SEALER);
      const epoch = repos.runs.start(1, time.now());
      const ports = simPorts(this, life, repos, clock);
      const makeCore = (config: LongshoreConfig) => new SyncCore(ports, config, epoch, this.#hooks(life));
      const { written } = this.configuration;
      const core = makeCore(written);
      this.#tookOver(written, 'as it is at the start');
      const engine: Engine = {
        life,
        core,
        repos,
        clock,
        sealer: PLAIN_SEALER,
        makeCore,
        reloading: Promise.resolve(),
      };
      this.engine = engine;
      core.start();
      if (this.offline) core.setOffline(true);
    });
  }

  #hooks(life: Life): CoreHooks {
    return {
      onChange: () => {
        this.#acknowledge();
      },
      onTrouble: (_where, error) => {
        if (!life.alive) return;
        if (isWrong(error)) this.bug(error);
        else this.world.coverage.hit('trouble');
      },
      onFatal: (error) => {
        if (life.alive) this.#fatal(error);
      },
    };
  }

  // ------------------------------------------------------------ configuration

  /** A person writes another configuration; a living engine notices it after `noticedMs`, else the next start meets it. */
  configure(config: LongshoreConfig, noticedMs: number): void {
    this.configuration.written = config;
    const { engine } = this;
    if (engine === null) return;
    const notice = () => {
      engine.reloading = engine.reloading
        .then(() => this.#reload(engine))
        .catch((error: unknown) => {
          if (engine.life.alive) this.#fatal(error);
        });
    };
    this.time.schedule(noticedMs, 'configuration noticed', notice, engine.life);
  }

  async #reload(engine: Engine): Promise<void> {
    const { written } = this.configuration;
    if (this.engine !== engine || engine.core.config === written) return;
    const next = await coreForConfig(engine.core, written, engine.makeCore);
    if (!engine.life.alive) return;
    this.#tookOver(written, next === engine.core ? 'while it works' : 'by another core');
    if (next === engine.core) return;
    engine.core = next;
    if (this.offline) next.gates.setOffline(true);
    next.start();
  }

  #tookOver(config: LongshoreConfig, how: string): void {
    if (config === this.config) return;
    this.trace(`⚙ the configuration is in force, ${how}`);
    this.world.coverage.hit(`configuration ${how}`);
    const { elapsedMs } = this.time;
    this.removals.configured(this.config, config);
    this.configuration.took(config, elapsedMs, this.time.trueNow());
    this.pauses.configure(config, this.configuration.everyFolder);
    this.time.schedule(PAUSE_CHECK_MS, 'pause check', () => {
      this.requests.checkStopped(elapsedMs);
    });
  }

  /** The process dies, or the whole machine with what it had not synced: nothing happens any more but what is out there. */
  crash(how: 'between' | 'write' | 'power' | 'full'): void {
    const life = this.#life;
    if (life === null) return;
    const { world, random } = this;
    this.trace(`☠ crash (${how})`);
    world.coverage.hit(`crash ${how}`);
    world.crashes += 1;
    life.alive = false;
    this.#life = null;
    this.engine = null;
    this.#stopping = null;
    this.database.writesUntilCrash = null;
    this.wire.abandon(life);
    if (how === 'power') this.disk.cutPower(() => random.fraction());
    const downMs = random.chance(0.7) ? random.between(50, 3000) : random.between(3000, 120_000);
    this.time.schedule(downMs, 'restart', () => {
      this.pauses.takeFrom(this.outbox.pauses());
      this.start();
    });
  }

  /** A clean stop; starts again after `downMs`. */
  stop(downMs: number): void {
    const { engine } = this;
    if (engine === null) return;
    this.trace('○ stop');
    this.engine = null;
    this.#stopping = engine;
    const { life } = engine;
    const beganMs = this.time.elapsedMs;
    this.time.schedule(STOP_LIMIT_MS + 1, 'stop deadline', () => {
      if (this.#stopping === engine)
        this.world.violations.add('bug', `the engine did not stop within ${STOP_LIMIT_MS} ms`);
    });
    const stopped = async () => {
      await engine.reloading;
      await engine.core.stop();
      if (!life.alive) return;
      this.trace(`○ stopped after ${Math.round(this.time.elapsedMs - beganMs)} ms`);
      this.#checkStopped();
      life.alive = false;
      this.#life = null;
      this.#stopping = null;
      this.database.writesUntilCrash = null;
      this.time.schedule(downMs, 'start', () => {
        this.start();
      });
    };
    stopped().catch((error: unknown) => {
      this.thrown(error);
    });
  }

  /** A clean stop leaves nothing on its way and nothing leased. */
  #checkStopped(): void {
    const { violations } = this.world;
    const left = this.wire.inFlight().map(({ label }) => label);
    if (left.length > 0) violations.add('bug', `${left.join(', ')} outlives a clean stop`);
    const running = this.outbox.inStates('running').length;
    // Without room in the database nothing can be given back; the next start finds it out, as after a death.
    if (running > 0 && !this.database.full)
      violations.add('bug', `${running} operations are running after a clean stop`);
  }

  get stopping(): boolean {
    return this.#stopping !== null;
  }

  /** Does something to a live engine; a crash in the middle of it is one of the things that happen. */
  command(work: (engine: Engine) => void): void {
    const { engine } = this;
    if (engine === null) return;
    this.#guarded(() => {
      work(engine);
    });
  }

  /** A command that takes its time; a crash in the middle of it is one of the things that happen. */
  ask(work: (engine: Engine) => Promise<void>): void {
    this.command((engine) => {
      work(engine).catch((error: unknown) => {
        this.thrown(error);
      });
    });
  }

  /** P1: what was ever told to be queued is in the outbox. */
  checkAcknowledged(): void {
    const there = new Set(this.outbox.madeAfter(0).map(({ id }) => id));
    for (const id of this.#acknowledged)
      if (!there.has(id)) this.world.violations.add('P1', `${id} was acknowledged and is not there`);
  }

  /** Whoever looks now is shown these operations. */
  #acknowledge(): void {
    for (const { seq, id } of this.outbox.madeAfter(this.#lastSeq)) {
      this.#acknowledged.add(id);
      this.#lastSeq = seq;
    }
  }

  /** Something that nobody caught. What a dead engine throws says only that it is dead. */
  thrown(error: unknown): void {
    if (error instanceof Crash || error instanceof DeadEngine) return;
    if (isFull(error)) this.#fatal(error);
    else this.bug(error);
  }

  bug(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.world.violations.add('bug', text.split('\n').slice(0, 6).join('\n'));
  }

  /** Let go of what still runs: the run is over. */
  close(): void {
    if (this.#life !== null) this.#life.alive = false;
    this.database.close();
  }

  /** A database without room ends the engine: its host starts it again, later. Anything else is a bug. */
  #fatal(error: unknown): void {
    if (error instanceof Crash) return;
    if (isFull(error)) this.crash('full');
    else this.bug(error);
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.thrown(error);
    }
  }

  road(name: string): Road {
    const { world, wire } = this;
    const known = this.roads.get(name) ?? { wire, faults: world.faults, random: world.random, reachable: true };
    this.roads.set(name, known);
    return known;
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'SQLITE_FULL';
}

function isWrong(error: unknown): boolean {
  return error instanceof AssertionFailed || (error instanceof Error && WRONG.has(error.name) && !isFull(error));
}
