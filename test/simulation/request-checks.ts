import { isProbe, type Bucket } from './bucket.ts';
import type { OperationFacts, OutboxView } from './outbox-view.ts';
import type { PauseModel } from './pause-model.ts';
import type { Violations } from './violations.ts';
import type { SimRequest, WireWatcher } from './wire.ts';

/** P9: within this after a pause nothing new starts, ms. */
const PAUSE_MS = 1000;
/** What moves bytes of a file: this has to stop in flight. */
const TRANSFERS = new Set(['put', 'part', 'read']);
/** What the janitor sends: on behalf of no operation. */
const JANITOR = new Set(['abort', 'list-uploads']);

export interface RequestCheckDeps {
  readonly outbox: OutboxView;
  readonly pauses: PauseModel;
  readonly violations: Violations;
  readonly elapsedMs: () => number;
  readonly bucketOf: (destination: string) => Bucket | undefined;
  /** The operation of a call, by the tag that the scenario gave it. */
  readonly callOf: (tag: string) => string | undefined;
  /** What the folder has settled in under; null while it has not, or where there is none. */
  readonly ruleOf: (folder: string) => FolderRule | null;
  readonly trace: (text: string) => void;
}

/** What the configuration in force says of a folder's objects. */
export interface FolderRule {
  readonly bucket: string;
  /** Its resources begin with this: `destination:prefix`. */
  readonly resources: string;
  readonly mirror: boolean;
}

interface Seen {
  /** Sent on behalf of no operation. */
  readonly household: boolean;
  readonly operation: OperationFacts | null;
  readonly resource: string;
}

/** Looks at every request as it starts: order (P8), pause (P9), what is sent again (P6). */
export class RequestChecks implements WireWatcher {
  readonly #deps: RequestCheckDeps;
  readonly #open = new Map<SimRequest, Seen>();
  /** Per operation: when its latest commit began and ended. */
  readonly #commits = new Map<string, { readonly startedMs: number; endedMs: number | null }>();
  /** Requests so far, but for those of probes. */
  count = 0;
  probes = 0;
  /** What starts now is a look that a person asked for: it waits for nothing, not even for the end of a pause. */
  #person = false;

  constructor(deps: RequestCheckDeps) {
    this.#deps = deps;
  }

  /** Does what a person asks the service for at once. */
  byPerson<T>(work: () => T): T {
    this.#person = true;
    try {
      return work();
    } finally {
      this.#person = false;
    }
  }

  started(request: SimRequest): void {
    if (isProbe(request.subject)) this.probes += 1;
    else this.count += 1;
    const { outbox, trace, violations } = this.#deps;
    const resource = resourceOf(request);
    const operation = this.#operationOf(request, resource);
    trace(`→ ${request.label} ${request.subject} [${operation?.id.slice(-6) ?? '–'}]`);
    if (this.#person && request.label === 'head') {
      this.#open.set(request, { operation: null, resource, household: true });
      return;
    }
    // The janitor and the probes work for the destination: only a pause of everything is meant for them.
    const household = this.#isHousehold(request, resource, operation);
    this.#checkPause(request, household ? null : operation);
    if (!household) this.#checkOverlap(request, operation, resource);
    if (!household && operation !== null) this.#checkRule(request, operation, resource);
    if (operation !== null && !household) {
      const older = outbox.olderOn(operation.seq);
      if (older !== null)
        violations.add(
          'P8',
          `${request.label} of a newer operation while ${older.state} ${older.id} is older on ${resource}`,
        );
    }
    if (request.label === 'part') this.#checkPart(request);
    if (request.label === 'create' && operation !== null) this.#checkRestart(request, operation, resource);
    if (request.commit && operation !== null) {
      this.#commits.set(operation.id, { startedMs: request.atMs, endedMs: null });
    }
    this.#open.set(request, { operation, resource, household });
  }

  ended(request: SimRequest): void {
    const seen = this.#open.get(request);
    this.#open.delete(request);
    this.#deps.trace(`← ${request.label} ${request.subject}`);
    const id = seen?.operation?.id;
    const commit = id === undefined ? undefined : this.#commits.get(id);
    if (request.commit && commit !== undefined) commit.endedMs = this.#deps.elapsedMs();
  }

  /** One second after a pause: bytes must have stopped. */
  checkStopped(pausedAtMs: number): void {
    for (const [request, { operation, household }] of this.#open) {
      // A question to the service is a few bytes long, and over in an instant.
      if (household) continue;
      const since = this.#deps.pauses.since(operation);
      if (since === null || since > pausedAtMs || request.atMs > pausedAtMs) continue;
      if (!TRANSFERS.has(request.label)) continue;
      this.#deps.violations.add('P9', `${nameOf(request)} still moves ${PAUSE_MS} ms after the pause`);
    }
  }

  #operationOf(request: SimRequest, resource: string): OperationFacts | null {
    const { outbox, callOf } = this.#deps;
    if (!request.label.startsWith('http')) return outbox.activeOn(resource);
    const id = callOf(request.subject);
    return id === undefined ? null : outbox.byId(id);
  }

  #checkPause(request: SimRequest, operation: OperationFacts | null): void {
    const { pauses, violations } = this.#deps;
    const since = pauses.since(operation);
    if (since === null || request.atMs <= since + PAUSE_MS) return;
    // The end of a commit that was in flight: what it made is looked at, so that it can be recorded.
    const commit = operation === null ? undefined : this.#commits.get(operation.id);
    const looksBack = request.label === 'head' || request.label === 'http GET';
    if (looksBack && commit !== undefined && commit.startedMs <= since + PAUSE_MS && (commit.endedMs ?? 0) >= since)
      return;
    violations.add('P9', `${nameOf(request)} starts ${Math.round(request.atMs - since)} ms after the pause`);
  }

  /** A cleanup, or a question to the service itself: on behalf of no operation. */
  #isHousehold({ label }: SimRequest, resource: string, operation: OperationFacts | null): boolean {
    // HEAD asks whether a service can be reached again.
    if (JANITOR.has(label) || label === 'probe' || label === 'http HEAD' || isProbe(resource)) return true;
    const [, key] = split(resource);
    // The janitor looks before it deletes, where a service knows no condition there.
    const janitors = label === 'delete' || label === 'head';
    return janitors && operation === null && this.#deps.outbox.hasDeleteCleanup(key);
  }

  #checkOverlap(request: SimRequest, operation: OperationFacts | null, resource: string): void {
    const { violations } = this.#deps;
    if (operation === null || operation.state !== 'running') {
      violations.add('P8', `${nameOf(request)} without a running operation`);
      return;
    }
    for (const [other, seen] of this.#open) {
      if (seen.resource !== resource || seen.household || seen.operation?.id === operation.id) continue;
      violations.add('P8', `${request.label} of ${operation.id} while ${other.label} of another runs on ${resource}`);
    }
  }

  /** The folder's operations touch only its place, and delete only in mirror mode: a move, too. */
  #checkRule(request: SimRequest, { id, folder }: OperationFacts, resource: string): void {
    const { violations, ruleOf } = this.#deps;
    const rule = folder === null ? null : ruleOf(folder);
    if (rule === null) return;
    if (!resource.startsWith(rule.resources) || request.bucket !== rule.bucket) {
      const there = `${nameOf(request)} in ${request.bucket ?? 'no bucket'}`;
      violations.add('place', `${there} of ${id}, whose folder is at ${rule.resources} in ${rule.bucket}`);
    }
    if (request.label === 'delete' && !rule.mirror)
      violations.add('P4', `${nameOf(request)} of ${id}, whose folder is no mirror any more`);
  }

  #checkPart(request: SimRequest): void {
    const [, uploadId = '', number = ''] = request.subject.split('\0')[1]?.split('#') ?? [];
    if (this.#deps.outbox.hasPart(uploadId, Number(number)))
      this.#deps.violations.add('P6', `part ${number} of ${uploadId} is checkpointed and sent again`);
  }

  /** A fresh upload although an earlier one of the same operation could have been continued, or had done it all. */
  #checkRestart(request: SimRequest, operation: OperationFacts, resource: string): void {
    const { violations, outbox, bucketOf } = this.#deps;
    const [destination, key] = split(resource);
    const bucket = bucketOf(destination);
    for (const upload of bucket?.uploads.values() ?? []) {
      if (upload.object.key !== key || upload.object.metadata['longshore-op'] !== operation.id) continue;
      if (upload.mayRestart || upload.parts.size === 0) continue;
      const done = upload.state === 'completed' && bucket?.current(key)?.uploadId === upload.id;
      if (done) violations.add('P6', `${nameOf(request)} although ${upload.id} was completed`);
      if (upload.state !== 'open') continue;
      const gaveUp = outbox
        .eventsOf(operation.id)
        .some((event) => event.to === 'conflict' && event.at >= upload.initiatedMs);
      if (!gaveUp) violations.add('P6', `${nameOf(request)} although ${upload.id} is open`);
    }
  }
}

/** The wire's subject begins with the destination, a NUL, then the key; parts add their upload and number. */
function resourceOf(request: SimRequest): string {
  const [place = '', rest] = request.subject.split('\0');
  return rest === undefined ? place : `${place}:${rest.split('#')[0] ?? ''}`;
}

function split(resource: string): [string, string] {
  const colon = resource.indexOf(':');
  return [resource.slice(0, colon), resource.slice(colon + 1)];
}

function nameOf(request: SimRequest): string {
  return `${request.label} ${request.subject.replace('\0', ':')}`;
}
