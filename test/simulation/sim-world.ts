import { CONDITIONAL_WRITES } from '../../src/sync/capabilities/capabilities.ts';
import { Bucket } from './bucket.ts';
import type { Dialect } from './dialect.ts';
import type { Writer } from './object-history.ts';
import { Coverage } from './coverage.ts';
import { FaultPlan } from './faults.ts';
import type { Limits } from './run-limits.ts';
import { SeededRandom } from './seeded-random.ts';
import { Service } from './service.ts';
import { FEATURES, simConfig } from './sim-config.ts';
import { SimMachine } from './sim-machine.ts';
import { VersionChecks } from './version-checks.ts';
import { Violations } from './violations.ts';
import { VirtualTime } from './virtual-time.ts';

/** Part of the runs in which a second device works on the same bucket. */
const TWO_DEVICES = 0.25;

/** One or two machines, their services, and everything that is watched about them. */
export class SimWorld {
  readonly seed: number;
  readonly random: SeededRandom;
  readonly time: VirtualTime;
  readonly coverage = new Coverage();
  readonly faults: FaultPlan;
  readonly buckets = new Map<string, Bucket>();
  readonly #dialect: Dialect;
  readonly services = new Map<string, Service>();
  readonly machines: SimMachine[] = [];
  readonly violations: Violations;
  readonly traceLines: string[] | null;
  crashes = 0;
  #race: (bucket: Bucket, key: string) => void = () => undefined;

  constructor(seed: number, trace: boolean, limits: Limits) {
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
    this.faults = new FaultPlan(this.random.fork(), this.coverage, limits);
    const config = simConfig(this.random);
    this.#dialect = this.#someDialect();
    for (const name of Object.keys(config.destinations)) this.bucket(name, name);
    this.services.set('keyed', new Service(true, () => this.time.trueNow()));
    this.services.set('plain', new Service(false, () => this.time.trueNow()));
    this.machines.push(new SimMachine(this, 'ours', config, this.random.fork()));
    const two = this.random.chance(TWO_DEVICES);
    const random = this.random.fork();
    if (two && limits.permits('device', 'peer'))
      this.machines.push(new SimMachine(this, 'peer', { ...config, device: 'peer' }, random));
  }

  /** The machine that every run has. */
  get first(): SimMachine {
    const [first] = this.machines;
    if (first === undefined) throw new Error('a world has a machine');
    return first;
  }

  machine(writer: Writer): SimMachine | null {
    return this.machines.find(({ name }) => name === writer) ?? null;
  }

  /** Who writes at the last moment before our own write arrives. */
  onRace(race: (bucket: Bucket, key: string) => void): void {
    this.#race = race;
  }

  race(bucket: Bucket, key: string): void {
    this.#race(bucket, key);
  }

  trace(text: string): void {
    this.traceLines?.push(`${(this.time.elapsedMs / 1000).toFixed(3).padStart(10)} ${text.replaceAll('\0', ':')}`);
  }

  /** Something that nobody caught, from whichever engine. */
  thrown(error: unknown): void {
    this.first.thrown(error);
  }

  close(): void {
    for (const machine of this.machines) machine.close();
  }

  /** The bucket of this name, to which this destination leads; made when it is first named. */
  bucket(name: string, destination: string): Bucket {
    const known = this.buckets.get(name);
    if (known !== undefined) return known;
    const bucket = new Bucket(name, () => this.time.trueNow(), this.#dialect, destination);
    bucket.watch(new VersionChecks(this, bucket));
    this.buckets.set(name, bucket);
    return bucket;
  }

  #someDialect(): Dialect {
    return {
      repeatedComplete: this.random.pick(['same', 'gone'] as const),
      reportsChecksums: this.random.chance(0.8),
      etagIsMd5: this.random.chance(0.8),
      versioned: this.random.chance(0.5),
      honours: new Set(
        this.random.chance(0.8) || !FEATURES.headStandIn
          ? CONDITIONAL_WRITES
          : CONDITIONAL_WRITES.filter(() => this.random.chance(0.5)),
      ),
    };
  }
}
