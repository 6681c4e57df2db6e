import type { FolderConfig } from '../../src/config/config-types.ts';
import type { LocalChange } from './sim-changes.ts';
import { hashOf } from './sim-disk.ts';
import type { Machine } from './parties.ts';

/** Looks at each change that Longshore makes to a user's file: chosen (P13), with a copy kept, and never torn (P3). */
export class LocalChecks {
  readonly #machine: Machine;
  /** What lies outside of the folders, where nobody else goes: trash and archive. */
  readonly #kept = new Map<string, string>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  changed(change: LocalChange): void {
    const { world } = this.#machine;
    const { how, path, hash, keptAt } = change;
    this.#machine.trace(`✎ ${how} ${path}${keptAt === null ? '' : ` → ${keptAt}`}`);
    world.coverage.hit(`local ${how}${hash === null ? ' into nothing' : ''}`);
    const folder = this.#machine.config.folders.find((candidate) => path.startsWith(`${candidate.path}/`));
    if (folder === undefined) {
      world.violations.add('P13', `${how} of ${path}, which is in no folder`);
      return;
    }
    this.#checkChosen(change, folder);
    if (hash !== null && keptAt !== null) this.#checkKept(path, hash, keptAt);
    if (how === 'place' && hash === null) this.#checkPlaced(folder, path);
    if (how === folder.afterUpload && hash !== null) this.#checkUploaded(folder, path, hash);
  }

  /** At the end: what was taken from a folder is where it was put. */
  checkEnd(): void {
    for (const [path, hash] of this.#kept) {
      const bytes = this.#machine.disk.find(path)?.bytes ?? null;
      if (bytes === null || hashOf(bytes) !== hash)
        this.#machine.world.violations.add('copies', `${path} is not what was put there`);
    }
  }

  #checkChosen({ how, path }: LocalChange, folder: FolderConfig): void {
    const { world, outbox } = this.#machine;
    const relative = path.slice(folder.path.length + 1);
    const chosen =
      how === 'place'
        ? outbox.runningDownload(folder.name, relative) !== null
        : folder.afterUpload === how || (how === 'trash' && outbox.isDiscarded(folder.name, relative));
    if (!chosen) world.violations.add('P13', `${how} of ${path}, which nobody chose`);
  }

  #checkKept(path: string, hash: string, keptAt: string): void {
    const { world, disk, config } = this.#machine;
    const bytes = disk.find(keptAt)?.bytes ?? null;
    if (bytes === null || hashOf(bytes) !== hash) {
      world.violations.add('copies', `${path} was taken away without a copy at ${keptAt}`);
      return;
    }
    if (!config.folders.some((folder) => keptAt.startsWith(`${folder.path}/`))) this.#kept.set(keptAt, hash);
  }

  /** A downloaded file is, byte for byte, a version that the storage had. */
  #checkPlaced(folder: FolderConfig, path: string): void {
    const { world, disk, outbox } = this.#machine;
    const operation = outbox.runningDownload(folder.name, path.slice(folder.path.length + 1));
    const bytes = disk.find(path)?.bytes ?? null;
    if (operation === null || bytes === null) return;
    const history = world.buckets.get(folder.destination)?.history.get(operation.target) ?? [];
    if (!history.some((version) => version.bytes !== null && version.hash === hashOf(bytes)))
      world.violations.add('P3', `${path} was downloaded as no version that ${operation.target} ever had`);
  }

  /** What goes to the trash or the archive is in the storage. */
  #checkUploaded(folder: FolderConfig, path: string, hash: string): void {
    const { world, config } = this.#machine;
    const prefix = (config.destinations[folder.destination]?.prefix ?? '') + folder.prefix;
    const key = prefix + path.slice(folder.path.length + 1).normalize('NFC');
    const bucket = world.buckets.get(folder.destination);
    const versions = [...(bucket?.history.values() ?? [])].flat();
    // Beside its own key there are names that a conflict gave.
    const there = versions.some((version) => version.bytes !== null && version.hash === hash);
    if (!there) world.violations.add('P13', `${path} was taken away before ${key} had its bytes`);
    if (this.#machine.outbox.isTakenUnverified(folder.name, path.slice(folder.path.length + 1)))
      world.violations.add('P13', `${path} was taken away, and nobody knows whether ${key} has its bytes`);
  }
}
