import { AssertionFailed } from '../../src/core/assert.ts';
import type { LongshoreConfig } from '../../src/config/config-types.ts';
import type { Clock } from '../../src/core/ports.ts';
import type { Sealer } from '../../src/db/seal.ts';
import { openRepositories, type Repositories } from '../../src/db/repositories.ts';
import { SyncCore } from '../../src/engine/sync-core.ts';
import type { KeyOf } from '../../src/sync/planner.ts';
import { objectKey, ORIGINAL_NAME } from '../../src/watch/object-key.ts';
import { Bucket } from './bucket.ts';
import { Coverage } from './coverage.ts';
import { FaultPlan } from './faults.ts';
import { OutboxView, type OperationFacts } from './outbox-view.ts';
import { PauseModel } from './pause-model.ts';
import { RequestChecks } from './request-checks.ts';
import { SeededRandom } from './seeded-random.ts';
import { Service } from './service.ts';
import { simConfig } from './sim-config.ts';
import { Crash, DeadEngine, SimDatabase } from './sim-database.ts';
import { SimDisk } from './sim-disk.ts';
import { SimFiles } from './sim-files.ts';
import { SimHttp } from './sim-http.ts';
import { SimScanner } from './sim-scanner.ts';
import { SimStore, type Road } from './sim-store.ts';
import { SimWatcher } from './sim-watcher.ts';
import { VersionChecks } from './version-checks.ts';
import { Violations } from './violations.ts';
import { VirtualTime, type Life } from './virtual-time.ts';
import { Wire } from './wire.ts';

/** DESIGN, CONTRACT.md `run`: a stop ends within this, ms. */
const STOP_LIMIT_MS = 5000;
const WRONG = new Set<string>(['AssertionFailed', 'TypeError', 'RangeError', 'ReferenceError', 'SqliteError']);

/** A running engine: one life. */
export interface Engine {
  readonly life: Life;
  readonly core: SyncCore;
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly sealer: Sealer;
}

/** One simulated machine, its services, and everything that is watched about them. */
export class SimWorld {
  readonly seed: number;
  readonly random: SeededRandom;
  readonly time: VirtualTime;
  readonly coverage = new Coverage();
  readonly faults: FaultPlan;
  readonly disk: SimDisk;
  readonly config: LongshoreConfig;
  readonly wire: Wire;
  readonly buckets = new Map<string, Bucket>();
  readonly roads = new Map<string, Road>();
  readonly services = new Map<string, Service>();
  readonly database: SimDatabase;
  readonly outbox: OutboxView;
  readonly pauses: PauseModel;
  readonly requests: RequestChecks;
  readonly violations: Violations;
  readonly traceLines: string[] | null;
  /** Operations of calls by their tag. */
  readonly calls = new Map<string, string>();
  engine: Engine | null = null;
  crashes = 0;
  offline = false;
  #stopping: Engine | null = null;
  /** Of the engine that starts, runs or stops. */
  #life: Life | null = null;
  #race: (bucket: Bucket, key: string) => void = () => undefined;

  constructor(seed: number, trace: boolean) {
    this.seed = seed;
    this.random = new SeededRandom(seed);
    this.time = new VirtualTime(this.random.fork(), (error) => {
      this.thrown(error);
    });
    this.traceLines = trace ? [] : null;
    this.violations = new Violations(
      () => this.time.elapsedMs,
      ({ promise, text }) => {
        this.trace(`✗ ${promise}: ${text}`);
      },
    );
    this.faults = new FaultPlan(this.random.fork(), this.coverage);
    this.disk = new SimDisk(this.time);
    this.config = simConfig(this.random);
    this.wire = new Wire(this.time, this.random.fork());
    this.database = new SimDatabase(() => {
      this.crash('write');
    });
    this.outbox = new OutboxView(this.database.db);
    this.pauses = new PauseModel(this.time);
    this.requests = new RequestChecks({
      outbox: this.outbox,
      pauses: this.pauses,
      violations: this.violations,
      elapsedMs: () => this.time.elapsedMs,
      bucketOf: (destination) => this.buckets.get(destination),
      callOf: (tag) => this.calls.get(tag),
      trace: (text) => {
        this.trace(text);
      },
    });
    this.wire.watch(this.requests);
    this.#openServices();
    for (const folder of this.config.folders) this.disk.mkdir(folder.path, 7);
  }

  /** Who writes at the last moment before our own write arrives. */
  onRace(race: (bucket: Bucket, key: string) => void): void {
    this.#race = race;
  }

  trace(text: string): void {
    this.traceLines?.push(`${(this.time.elapsedMs / 1000).toFixed(3).padStart(10)} ${text.replaceAll('\0', ':')}`);
  }

  localPath(operation: OperationFacts): string | null {
    const folder = this.config.folders.find(({ name }) => name === operation.folder);
    return folder === undefined || operation.path === null ? null : `${folder.path}/${operation.path}`;
  }

  // ------------------------------------------------------------ lives of the engine

  start(): void {
    if (this.#life !== null) return;
    this.trace('● start');
    const life: Life = { alive: true };
    this.#life = life;
    const { time, disk, random, faults } = this;
    const clock = time.clock(life);
    const repos = openRepositories(this.database.open(life), clock, random, PLAIN_SEALER);
    const local = { disk, time, life, random, faults };
    const http = new SimHttp(
      new Map(
        [...this.services].map(([name, service]) => [`https://${name}.api.sim`, { service, road: this.#road(name) }]),
      ),
      life,
    );
    this.#guarded(() => {
      const epoch = repos.runs.start(1, time.now());
      const core = new SyncCore(
        {
          repos,
          sealer: PLAIN_SEALER,
          clock,
          random,
          files: new SimFiles(local),
          scanner: new SimScanner(local),
          watcher: new SimWatcher(local),
          http,
          openStore: ({ name }) => this.#store(name, life),
          keyOf,
          contentTypeOf: () => 'application/octet-stream',
          env: {},
        },
        this.config,
        epoch,
        {
          onChange: () => undefined,
          onTrouble: (_where, error) => {
            if (!life.alive) return;
            if (isWrong(error)) this.bug(error);
            else this.coverage.hit('trouble');
          },
          onFatal: (error) => {
            if (life.alive && !(error instanceof Crash)) this.bug(error);
          },
        },
      );
      this.engine = { life, core, repos, clock, sealer: PLAIN_SEALER };
      core.start();
      if (this.offline) core.setOffline(true);
    });
  }

  /** The process dies: nothing of it happens any more, but for what its requests do out there. */
  crash(how: 'between' | 'write'): void {
    const life = this.#life;
    if (life === null) return;
    this.trace(`☠ crash (${how})`);
    this.coverage.hit(`crash ${how}`);
    this.crashes += 1;
    life.alive = false;
    this.#life = null;
    this.engine = null;
    this.#stopping = null;
    this.database.writesUntilCrash = null;
    this.wire.abandon(life);
    const downMs = this.random.chance(0.7) ? this.random.between(50, 3000) : this.random.between(3000, 120_000);
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
    const { life, core } = engine;
    const beganMs = this.time.elapsedMs;
    this.time.schedule(STOP_LIMIT_MS + 1, 'stop deadline', () => {
      if (this.#stopping === engine) this.violations.add('bug', `the engine did not stop within ${STOP_LIMIT_MS} ms`);
    });
    const stopped = async () => {
      await core.stop();
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
    const left = this.wire.inFlight().map(({ label }) => label);
    if (left.length > 0) this.violations.add('bug', `${left.join(', ')} outlives a clean stop`);
    const running = this.outbox.inStates('running').length;
    if (running > 0) this.violations.add('bug', `${running} operations are running after a clean stop`);
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

  /** Something that nobody caught. What a dead engine throws says only that it is dead. */
  thrown(error: unknown): void {
    if (!(error instanceof Crash) && !(error instanceof DeadEngine)) this.bug(error);
  }

  bug(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.violations.add('bug', text.split('\n').slice(0, 6).join('\n'));
  }

  close(): void {
    if (this.#life !== null) this.#life.alive = false;
    this.database.close();
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.thrown(error);
    }
  }

  #openServices(): void {
    const dialect = {
      repeatedComplete: this.random.pick(['same', 'gone'] as const),
      reportsChecksums: this.random.chance(0.8),
      etagIsMd5: this.random.chance(0.8),
    };
    for (const name of Object.keys(this.config.destinations)) {
      const bucket = new Bucket(name, () => this.time.trueNow(), dialect);
      const { disk, outbox, violations } = this;
      const localPath = (operation: OperationFacts) => this.localPath(operation);
      const trace = (text: string) => {
        this.trace(text);
      };
      bucket.watch(new VersionChecks({ bucket, disk, outbox, violations, localPath, trace }));
      this.buckets.set(name, bucket);
    }
    for (const name of [...Object.keys(this.config.destinations), 'keyed', 'plain']) this.#road(name);
    this.services.set('keyed', new Service(true, () => this.time.trueNow()));
    this.services.set('plain', new Service(false, () => this.time.trueNow()));
  }

  #road(name: string): Road {
    const known = this.roads.get(name) ?? {
      wire: this.wire,
      faults: this.faults,
      random: this.random,
      reachable: true,
    };
    this.roads.set(name, known);
    return known;
  }

  #store(name: string, life: Life): SimStore {
    const bucket = this.buckets.get(name);
    if (bucket === undefined) throw new Error(`no bucket ${name}`);
    const race = (key: string) => {
      this.#race(bucket, key);
    };
    const skewMs = () => this.time.skewMs;
    return new SimStore({ name, road: this.#road(name), bucket, life, race, skewMs });
  }
}

const keyOf: KeyOf = (prefix, path) => {
  const key = objectKey(prefix, path);
  return key.ok ? { ok: true, key: key.key, originalName: key.metadata[ORIGINAL_NAME] ?? null } : key;
};

/** Seals nothing but keeps the purpose with the value: determinism is what matters here. */
const PLAIN_SEALER: Sealer = {
  seal: (plain, purpose) => Buffer.from(JSON.stringify([purpose, plain])),
  open: (sealed, purpose) => {
    const [was, plain] = JSON.parse(Buffer.from(sealed).toString()) as [string, string];
    if (was !== purpose) throw new Error('sealed for another purpose');
    return plain;
  },
};

function isWrong(error: unknown): boolean {
  return error instanceof AssertionFailed || (error instanceof Error && WRONG.has(error.name));
}
