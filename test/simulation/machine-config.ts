import type { FolderConfig, LongshoreConfig } from '../../src/config/config-types.ts';

/** What stood in the configuration from some time on. */
interface Period {
  /** Until when it was in force, on the clock that never jumps; null: it still is. */
  untilMs: number | null;
  readonly config: LongshoreConfig;
}

/** The configuration of one machine as a person wrote it, as the engine has it in force, and as it was before. */
export class MachineConfig {
  /** What the file says: the engine may not have met it yet. */
  written: LongshoreConfig;
  /** Every folder that any configuration had, as it was at first: people use their directories all the same. */
  readonly everyFolder: readonly FolderConfig[];
  readonly #periods: Period[];

  constructor(config: LongshoreConfig) {
    this.written = config;
    this.everyFolder = config.folders;
    this.#periods = [{ untilMs: null, config }];
  }

  /** The engine works under it, or did when it was last alive. */
  get inForce(): LongshoreConfig {
    return this.#periods.at(-1)!.config;
  }

  took(config: LongshoreConfig, elapsedMs: number): void {
    this.#periods.at(-1)!.untilMs = elapsedMs;
    this.#periods.push({ untilMs: null, config });
  }

  /** What was said of a folder since then, by those configurations that had it: the one in force comes last. */
  since(name: string, elapsedMs: number): FolderConfig[] {
    const periods = this.#periods.filter(({ untilMs }) => untilMs === null || untilMs >= elapsedMs);
    return periods.flatMap(({ config }) => config.folders.find((folder) => folder.name === name) ?? []);
  }
}

/** Under which keys a folder's files are. */
export function keyPrefixOf(config: LongshoreConfig, folder: FolderConfig): string {
  return (config.destinations[folder.destination]?.prefix ?? '') + folder.prefix;
}

/** Whether the folder's own rules leave this file out: all of them are `*.ext` or a plain name. */
export function leavesOut({ ignore }: FolderConfig, path: string): boolean {
  return path
    .split('/')
    .some((name) => ignore.some((rule) => (rule.startsWith('*') ? name.endsWith(rule.slice(1)) : name === rule)));
}
