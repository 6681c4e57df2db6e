import type { Bucket, BucketWatcher, Version } from './bucket.ts';
import type { OperationFacts, OutboxView } from './outbox-view.ts';
import type { SimDisk } from './sim-disk.ts';
import type { Violations } from './violations.ts';

export interface VersionCheckDeps {
  readonly bucket: Bucket;
  readonly disk: SimDisk;
  readonly outbox: OutboxView;
  readonly violations: Violations;
  /** The absolute path of an operation's file. */
  readonly localPath: (operation: OperationFacts) => string | null;
  readonly trace: (text: string) => void;
}

/** Looks at every version as it becomes visible: never torn (P3), never over another's change (P4). */
export class VersionChecks implements BucketWatcher {
  readonly #deps: VersionCheckDeps;

  constructor(deps: VersionCheckDeps) {
    this.#deps = deps;
  }

  visible(version: Version, replaced: Version | null): void {
    const { outbox, violations, localPath, disk, trace } = this.#deps;
    trace(`★ ${version.key} ${version.bytes === null ? 'deleted' : version.hash.slice(0, 6)} by ${version.writer}`);
    if (version.writer !== 'ours' || version.bytes === null) return;
    const operation = outbox.byId(version.metadata['longshore-op'] ?? '');
    const path = operation === null ? null : localPath(operation);
    if (operation === null || path === null) {
      violations.add('P3', `${version.key} is of no operation`);
      return;
    }
    if (!disk.hadState(path, version.bytes)) violations.add('P3', `${version.key} is no state that ${path} ever had`);
    if (replaced === null) this.#checkRevival(version, operation);
    else if (replaced.writer === 'other') this.#checkOverwrite(version, replaced, operation, path);
  }

  /** Another's version is replaced: only where a person said so, or it held what we held. */
  #checkOverwrite(version: Version, replaced: Version, operation: OperationFacts, path: string): void {
    const { disk, violations } = this.#deps;
    if (this.#decided(operation, replaced.etag)) return;
    // The very bytes of our base: for If-Match, and for everybody who looks, nothing was changed.
    if (this.#deps.outbox.hasBase(version.key, replaced.etag) && this.#isBaseOfOurs(version.key, replaced)) return;
    const identical = replaced.bytes !== null && disk.hadState(path, replaced.bytes);
    if (identical && this.#foundIdentical(operation, replaced.etag)) return;
    // Brought back from a write of ours whose success we never learnt: nobody could tell it from that write itself.
    const origin = this.#deps.outbox.byId(replaced.metadata['longshore-op'] ?? '');
    if (origin !== null && !this.#recorded(replaced)) return;
    violations.add('P4', `${version.key}: ${operation.id} overwrote another's version ${replaced.etag}`);
  }

  /** Something appears where another has deleted what we knew to be there. */
  #checkRevival(version: Version, operation: OperationFacts): void {
    const past = this.#deps.bucket.history.get(version.key) ?? [];
    const before = past.at(-2);
    if (before === undefined || before.bytes !== null || before.writer !== 'other') return;
    const known = past.some(
      (earlier) =>
        earlier.writer === 'ours' &&
        this.#deps.outbox.byId(earlier.metadata['longshore-op'] ?? '')?.path === operation.path &&
        this.#recorded(earlier),
    );
    if (!known || this.#decided(operation, null)) return;
    this.#deps.violations.add('P4', `${version.key}: ${operation.id} brought back what another had deleted`);
  }

  /** The success of the write that made this version is in the outbox. */
  #recorded(version: Version): boolean {
    const id = version.metadata['longshore-op'] ?? '';
    return this.#deps.outbox
      .eventsOf(id)
      .some((event) => event.to === 'succeeded' && event.details['etag'] === version.etag);
  }

  #isBaseOfOurs(key: string, replaced: Version): boolean {
    const past = this.#deps.bucket.history.get(key) ?? [];
    return past.some((earlier) => earlier.writer === 'ours' && earlier.etag === replaced.etag);
  }

  /** A person resolved a conflict on this file with that version before them. */
  #decided(operation: OperationFacts, etag: string | null): boolean {
    return this.#historyOf(operation).some((event) => {
      if (event.type !== 'resolved') return false;
      const remote = event.details['remote'] as { readonly etag: string } | null;
      return (remote?.etag ?? null) === etag;
    });
  }

  #foundIdentical(operation: OperationFacts, etag: string): boolean {
    return this.#historyOf(operation).some((event) => {
      const result = event.details['result'];
      return (result === 'identical' || result === 'already-written') && event.details['etag'] === etag;
    });
  }

  /** Events of all operations on the same file. */
  #historyOf(operation: OperationFacts) {
    const { outbox } = this.#deps;
    return outbox.onSameFile(operation).flatMap((id) => outbox.eventsOf(id));
  }
}
