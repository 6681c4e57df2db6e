import type { BenchOptions } from './options.ts';
import type { Figure } from './figure.ts';
import type { Workspace } from './workspace.ts';

/** What a case is given. */
export interface BenchContext extends BenchOptions {
  readonly workspace: Workspace;
  /** One line on how far it is. */
  say(line: string): void;
}

/** Measures some figures. Cleans up after itself as it goes; the workspace does at the latest. */
export type BenchCase = (context: BenchContext) => Promise<readonly Figure[]>;
