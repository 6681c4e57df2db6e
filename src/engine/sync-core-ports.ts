import type { Clock, HttpClient, LocalChanges, LocalFiles, Random, Scanner, Watcher } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { Sealer } from '../db/seal.ts';
import type { KeyOf } from '../sync/planned-folder.ts';
import type { StoreFactory } from './targets.ts';

/** What the engine needs of the world. The simulator has another one of each. */
export interface CorePorts {
  readonly repos: Repositories;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly files: LocalFiles;
  readonly changes: LocalChanges;
  /** Where the database lies. */
  readonly dataDir: string;
  readonly scanner: Scanner;
  readonly watcher: Watcher;
  readonly http: HttpClient;
  readonly openStore: StoreFactory;
  readonly keyOf: KeyOf;
  readonly contentTypeOf: (name: string) => string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface CoreHooks {
  /** Status, or operations, may look different now. */
  readonly onChange: () => void;
  readonly onTrouble: (where: string, error: unknown) => void;
  /** A bug or an unusable database: the engine has to end. */
  readonly onFatal: (error: unknown) => void;
}
