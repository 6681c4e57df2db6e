import type { FolderConfig } from '../../src/config/config-types.ts';
import type { Bucket } from './bucket.ts';
import type { LocalChange } from './sim-changes.ts';
import { keyPrefixOf } from './machine-config.ts';
import { hashOf } from './sim-disk.ts';
import type { Machine } from './parties.ts';

/** One that has begun goes on for so long at the most, ms. */
const IN_HAND_MS = 1000;

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
    const folder = this.#machine.configuration.everyFolder.find((candidate) => path.startsWith(`${candidate.path}/`));
    if (folder === undefined) {
      world.violations.add('P13', `${how} of ${path}, which is in no folder`);
      return;
    }
    const rules = this.#rulesOf(folder.name);
    this.#checkChosen(change, folder, rules);
    this.#checkPause(change, folder.name);
    if (hash !== null && keptAt !== null) this.#checkKept(path, hash, keptAt);
    if (how === 'place' && hash === null) this.#checkPlaced(folder, path, rules);
    // What a decision puts into the trash was never to be uploaded.
    const isAfterUpload = rules.some(({ afterUpload }) => afterUpload === how) && !this.#isDiscarded(change, folder);
    if (hash !== null && isAfterUpload) this.#checkUploaded(rules, path, hash);
  }

  /** At the end: what was taken from a folder is where it was put. */
  checkEnd(): void {
    for (const [path, hash] of this.#kept) {
      const bytes = this.#machine.disk.find(path)?.bytes ?? null;
      if (bytes === null || hashOf(bytes) !== hash)
        this.#machine.world.violations.add('copies', `${path} is not what was put there`);
    }
  }

  /** What was said of the folder right now: the file in hand may be finished with under the rules of before. */
  #rulesOf(name: string): FolderConfig[] {
    const { configuration, time } = this.#machine;
    return configuration.since(name, time.elapsedMs - IN_HAND_MS);
  }

  /** As of the rules. */
  #bucketsOf(destination: string): Bucket[] {
    const { configuration, time, world } = this.#machine;
    const names = configuration.bucketsSince(destination, time.elapsedMs - IN_HAND_MS);
    return [...names].map((name) => world.bucket(name, destination));
  }

  /** P9: nothing of a folder is touched while it is paused, or not configured any more. */
  #checkPause({ how, path }: LocalChange, folder: string): void {
    const { world, pauses, time } = this.#machine;
    const since = pauses.sinceOfFolder(folder);
    if (how === 'place' || since === null || time.elapsedMs <= since + IN_HAND_MS) return;
    world.violations.add('P9', `${how} of ${path} ${Math.round(time.elapsedMs - since)} ms after the pause`);
  }

  #isDiscarded({ how, path }: LocalChange, folder: FolderConfig): boolean {
    return how === 'trash' && this.#machine.outbox.isDiscarded(folder.name, path.slice(folder.path.length + 1));
  }

  #checkChosen(change: LocalChange, folder: FolderConfig, rules: readonly FolderConfig[]): void {
    const { world, outbox } = this.#machine;
    const { how, path } = change;
    const chosen =
      how === 'place'
        ? outbox.runningDownload(folder.name, path.slice(folder.path.length + 1)) !== null
        : rules.some(({ afterUpload }) => afterUpload === how) || this.#isDiscarded(change, folder);
    if (!chosen) world.violations.add('P13', `${how} of ${path}, which nobody chose`);
  }

  #checkKept(path: string, hash: string, keptAt: string): void {
    const { world, disk, configuration } = this.#machine;
    const bytes = disk.find(keptAt)?.bytes ?? null;
    if (bytes === null || hashOf(bytes) !== hash) {
      world.violations.add('copies', `${path} was taken away without a copy at ${keptAt}`);
      return;
    }
    if (!configuration.everyFolder.some((folder) => keptAt.startsWith(`${folder.path}/`))) this.#kept.set(keptAt, hash);
  }

  /** A downloaded file is, byte for byte, a version that the storage had. */
  #checkPlaced(folder: FolderConfig, path: string, rules: readonly FolderConfig[]): void {
    const { world, disk, outbox } = this.#machine;
    const operation = outbox.runningDownload(folder.name, path.slice(folder.path.length + 1));
    const bytes = disk.find(path)?.bytes ?? null;
    if (operation === null || bytes === null) return;
    const history = rules
      .flatMap(({ destination }) => this.#bucketsOf(destination))
      .flatMap((bucket) => bucket.history.get(operation.target) ?? []);
    if (!history.some((version) => version.bytes !== null && version.hash === hashOf(bytes)))
      world.violations.add('P3', `${path} was downloaded as no version that ${operation.target} ever had`);
  }

  /** What goes to the trash or the archive is in the storage, where the folder's files are. */
  #checkUploaded(rules: readonly FolderConfig[], path: string, hash: string): void {
    const { world, config, outbox } = this.#machine;
    const relative = (folder: FolderConfig) => path.slice(folder.path.length + 1);
    const there = rules.some((folder) => {
      const prefix = keyPrefixOf(config, folder);
      const versions = this.#bucketsOf(folder.destination).flatMap((bucket) => [...bucket.history.values()].flat());
      // Beside its own key there are names that a conflict gave.
      return versions.some(({ key, bytes, hash: its }) => key.startsWith(prefix) && bytes !== null && its === hash);
    });
    if (!there) world.violations.add('P13', `${path} was taken away before the storage had its bytes`);
    if (rules.some((folder) => outbox.isTakenUnverified(folder.name, relative(folder))))
      world.violations.add('P13', `${path} was taken away, and nobody knows whether the storage has its bytes`);
  }
}
