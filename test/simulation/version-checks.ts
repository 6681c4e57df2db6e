import type { ConditionalWrite } from '../../src/sync/capabilities/capabilities.ts';
import { isProbe, type Bucket } from './bucket.ts';
import type { BucketWatcher, Version } from './object-history.ts';
import type { OperationFacts } from './outbox-view.ts';
import type { Machine, World } from './parties.ts';

/** A delete that was under way when its folder became no mirror any more may have its effect yet, ms. */
const SETTLING_MS = 10_000;

/** Looks at every version as it becomes visible: never torn (P3), never over another's change, nor taking it away (P4). */
export class VersionChecks implements BucketWatcher {
  readonly #world: World;
  readonly #bucket: Bucket;

  constructor(world: World, bucket: Bucket) {
    this.#world = world;
    this.#bucket = bucket;
  }

  visible(version: Version, replaced: Version | null, write: ConditionalWrite | null): void {
    const what = version.bytes === null ? 'deleted' : version.hash.slice(0, 6);
    this.#world.trace(`★ ${version.key} ${what} by ${version.writer}`);
    const machine = this.#world.machine(version.writer);
    if (machine === null) return;
    if (isProbe(version.key)) {
      this.#world.coverage.hit(`probe ${write ?? ''}`);
      return;
    }
    if (version.bytes === null) {
      if (replaced !== null) this.#checkDelete(machine, version, replaced, write);
      return;
    }
    const operation = machine.outbox.byId(version.metadata['longshore-op'] ?? '');
    const path = operation === null ? null : machine.localPath(operation);
    if (operation === null || path === null) {
      this.#world.violations.add('P3', `${version.key} is of no operation`);
      return;
    }
    if (machine.disk.find(path) !== null) machine.removals.uploaded(path);
    const isState = machine.disk.hadState(path, version.bytes) || this.#isUndo(machine, operation, version);
    if (!isState && !this.#copiedInWindow(version, write))
      this.#world.violations.add('P3', `${version.key} is no state that ${path} ever had`);
    if (replaced === null) this.#checkRevival(machine, version, operation, write);
    else if (replaced.writer !== machine.name && !this.#inWindow(version, replaced, write))
      this.#checkOverwrite(machine, version, replaced, operation, path);
  }

  /** A service that does not look at conditions: only what came after the look right before the write may be lost. */
  #inWindow(version: Version, replaced: Version, write: ConditionalWrite | null): boolean {
    if (write === null || this.#bucket.dialect.honours.has(write)) return false;
    const looked = this.#bucket.lookedAt(version.writer, version.key, version.sentAt);
    const inWindow = looked !== null && replaced.tick > looked;
    if (inWindow) this.#world.coverage.hit('lost a race on a service without conditions');
    return inWindow;
  }

  /** A service that does not pin what it copies: the source may be another right after the look at it. */
  #copiedInWindow(version: Version, write: ConditionalWrite | null): boolean {
    if (write?.startsWith('copy-') !== true || this.#bucket.dialect.honours.has('copy-source')) return false;
    const inWindow = this.#bucket.keys().some((key) => {
      const source = this.#bucket.current(key);
      const looked = this.#bucket.lookedAt(version.writer, key, version.sentAt);
      return key !== version.key && source?.hash === version.hash && looked !== null && source.tick > looked;
    });
    if (inWindow) this.#world.coverage.hit('copied another source on a service that does not pin it');
    return inWindow;
  }

  /** A person undid a decision: an older version stands there again. */
  #isUndo({ outbox }: Machine, operation: OperationFacts, version: Version): boolean {
    const past = this.#bucket.history.get(version.key) ?? [];
    return (
      outbox.isUndoing(operation.id) && past.some((earlier) => earlier !== version && earlier.hash === version.hash)
    );
  }

  /** Another's version is replaced: only where a person or a strategy said so, or it held what we held. */
  #checkOverwrite(
    machine: Machine,
    version: Version,
    replaced: Version,
    operation: OperationFacts,
    path: string,
  ): void {
    if (this.#mayReplace(machine, replaced, operation, path)) return;
    this.#world.violations.add('P4', `${version.key}: ${operation.id} overwrote another's version ${replaced.etag}`);
  }

  #mayReplace(machine: Machine, replaced: Version, operation: OperationFacts, path: string): boolean {
    if (this.#decided(machine, operation, replaced.key, replaced.etag)) return true;
    // The very bytes of our base: for If-Match, and for everybody who looks, nothing was changed.
    const ours = this.#isBaseOfOurs(machine, replaced);
    if (machine.outbox.hasBase(replaced.key, replaced.etag) && ours) return true;
    const identical = replaced.bytes !== null && machine.disk.hadState(path, replaced.bytes);
    if (identical && this.#foundIdentical(machine, operation, replaced.etag)) return true;
    // A move found it, and ended for a newer state of the file before it could say so.
    if (identical && machine.outbox.hasBase(replaced.key, replaced.etag)) return true;
    if (machine.outbox.restoredOver(replaced.key, replaced.etag)) return true;
    if (machine.outbox.downloaded(replaced.key, replaced.etag)) return true;
    if (machine.outbox.identicalAt(replaced.key, replaced.etag)) return true;
    // Brought back from a write of ours whose success we never learnt: nobody could tell it from that write itself.
    const origin = machine.outbox.byId(replaced.metadata['longshore-op'] ?? '');
    return origin !== null && !this.#recorded(machine, replaced);
  }

  /** Something is taken away: only what a person took away from a mirrored folder, and only as we knew it. */
  #checkDelete(machine: Machine, version: Version, replaced: Version, write: ConditionalWrite | null): void {
    const { violations, coverage } = this.#world;
    const { outbox } = machine;
    const operation = outbox.deleterOf(`${this.#bucket.destination}:${replaced.key}`, replaced.key);
    const inWindow = this.#inWindow(version, replaced, write);
    if (operation === null) {
      // What must not stay: a half-made copy of ours, say.
      coverage.hit('delete of a cleanup');
      if (replaced.writer !== machine.name && !inWindow)
        violations.add('P4', `${replaced.key}: a cleanup took away another's version`);
      return;
    }
    coverage.hit(`delete of a ${operation.kind}`);
    const folder = machine.folderOf(operation);
    const rules = folder === null ? [] : machine.configuration.since(folder.name, machine.time.elapsedMs - SETTLING_MS);
    if (folder === null || !rules.some(({ mode }) => mode === 'mirror')) {
      violations.add('P4', `${replaced.key} was deleted, and ${operation.folder ?? 'no folder'} is no mirror`);
      return;
    }
    const path = `${folder.path}/${operation.kind === 'file.move' ? operation.fromPath : operation.path}`;
    if (replaced.writer !== machine.name && !inWindow && !this.#mayReplace(machine, replaced, operation, path))
      violations.add('P4', `${replaced.key}: ${operation.id} deleted another's version ${replaced.etag}`);
    machine.removals.check(folder, path, operation, replaced);
  }

  /** Something appears where another has deleted what we knew to be there. */
  #checkRevival(machine: Machine, version: Version, operation: OperationFacts, write: ConditionalWrite | null): void {
    const past = this.#bucket.history.get(version.key) ?? [];
    const before = past.at(-2);
    if (before === undefined || before.bytes !== null || before.writer === machine.name) return;
    // What is known of a place goes with the folder's leaving it.
    const placedSince = machine.configuration.placedSince(operation.folder ?? '');
    const known = past.some(
      (earlier) =>
        earlier.writer === machine.name &&
        earlier.atMs >= placedSince &&
        machine.outbox.byId(earlier.metadata['longshore-op'] ?? '')?.path === operation.path &&
        this.#recorded(machine, earlier),
    );
    if (!known || this.#decided(machine, operation, version.key, null)) return;
    // A person took a decision back: this very version is to stand there, and where nothing does nothing is lost.
    if (machine.outbox.isUndoing(operation.id) || machine.outbox.restoredOver(version.key, null)) return;
    if (this.#inWindow(version, before, write)) return;
    // We were about to delete it as well: a file that is made after that is a new one.
    const deleter = machine.outbox.deleterOf(`${this.#bucket.destination}:${version.key}`, version.key);
    if (deleter?.state === 'succeeded') return;
    const row = operation.path === null ? null : machine.outbox.fileAt(operation.folder ?? '', operation.path);
    if (row?.leaving === 1) return;
    this.#world.violations.add('P4', `${version.key}: ${operation.id} brought back what another had deleted`);
  }

  /** The success of the write that made this version is in the outbox. */
  #recorded(machine: Machine, version: Version): boolean {
    const id = version.metadata['longshore-op'] ?? '';
    return machine.outbox
      .eventsOf(id)
      .some((event) => event.to === 'succeeded' && event.details['etag'] === version.etag);
  }

  #isBaseOfOurs(machine: Machine, replaced: Version): boolean {
    const past = this.#bucket.history.get(replaced.key) ?? [];
    return past.some((earlier) => earlier.writer === machine.name && earlier.etag === replaced.etag);
  }

  /** A person, or the folder's strategy, resolved a conflict on this file with that version before them. */
  #decided(machine: Machine, operation: OperationFacts, key: string, etag: string | null): boolean {
    // Two names may share a key, one after the other.
    const there = machine.outbox.decidedAt(key).flatMap((id) => machine.outbox.eventsOf(id));
    return [...this.#historyOf(machine, operation), ...there].some((event) => {
      // Undone: what was kept there at first gives way after all.
      if (event.type === 'undone' && event.details['keep'] === 'remote') return true;
      if (event.type !== 'resolved') return false;
      const remote = event.details['remote'] as { readonly etag: string } | null;
      return (remote?.etag ?? null) === etag;
    });
  }

  #foundIdentical(machine: Machine, operation: OperationFacts, etag: string): boolean {
    return this.#historyOf(machine, operation).some((event) => {
      const result = event.details['result'];
      return (result === 'identical' || result === 'already-written') && event.details['etag'] === etag;
    });
  }

  /** Events of all operations on the same file. */
  #historyOf({ outbox }: Machine, operation: OperationFacts) {
    return outbox.onSameFile(operation).flatMap((id) => outbox.eventsOf(id));
  }
}
