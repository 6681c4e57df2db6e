import type { Salvaged } from './salvage.ts';
import type { DestinationInput } from './schema-destination.ts';
import type { FolderInput } from './schema-folder.ts';
import type { ProviderInput } from './schema-provider.ts';

/** The file, as far as it is valid. */
export interface CrossCheckInput {
  /** Absolute path of the configuration file. */
  readonly configFile: string;
  readonly folders: readonly Salvaged<FolderInput>[];
  /** Also of those that hold nothing usable. */
  readonly destinationNames: readonly string[];
  readonly destinations: ReadonlyMap<string, Salvaged<DestinationInput>>;
  readonly providers: ReadonlyMap<string, Salvaged<ProviderInput>>;
}
