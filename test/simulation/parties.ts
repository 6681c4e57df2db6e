/** What the parts of a simulated world may know of each other; so none of them needs the whole. */
import type { FolderConfig, LongshoreConfig } from '../../src/config/config-types.ts';
import type { Bucket } from './bucket.ts';
import type { Version, Writer } from './object-history.ts';
import type { Coverage } from './coverage.ts';
import type { FaultPlan } from './faults.ts';
import type { MachineConfig } from './machine-config.ts';
import type { MachineTime } from './machine-time.ts';
import type { OperationFacts, OutboxView } from './outbox-view.ts';
import type { PauseModel } from './pause-model.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Service } from './service.ts';
import type { SimDisk } from './sim-disk.ts';
import type { Violations } from './violations.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Wire } from './wire.ts';

export interface World {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly coverage: Coverage;
  readonly faults: FaultPlan;
  readonly buckets: ReadonlyMap<string, Bucket>;
  readonly services: ReadonlyMap<string, Service>;
  readonly machines: readonly Machine[];
  readonly violations: Violations;
  crashes: number;
  bucket(name: string, destination: string): Bucket;
  machine(writer: Writer): Machine | null;
  /** Another hand writes at the last moment before our own write arrives. */
  race(bucket: Bucket, key: string): void;
  trace(text: string): void;
}

export interface Machine {
  readonly world: World;
  readonly name: Writer;
  readonly time: MachineTime;
  readonly disk: SimDisk;
  /** In force. */
  readonly config: LongshoreConfig;
  readonly configuration: MachineConfig;
  readonly outbox: OutboxView;
  readonly wire: Wire;
  readonly pauses: PauseModel;
  readonly removals: {
    uploaded(path: string): void;
    check(folder: FolderConfig, path: string, operation: OperationFacts, replaced: Version): void;
  };
  localPath(operation: OperationFacts): string | null;
  /** Where a destination leads under the configuration in force. */
  bucketOf(destination: string): Bucket | undefined;
  /** As it is in force, or else as it was once. */
  folderOf(operation: OperationFacts): FolderConfig | null;
  trace(text: string): void;
}
