/**
 * One folder on the real disk, one bucket on a real server, the real outbox; no scan and no scheduler: a test makes the
 * operations itself and runs attempts one by one, and an engine can die at any call of a port.
 */
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { newOperationId } from '../../src/core/ids.ts';
import type { FileStat, LocalChanges, LocalFiles, ObjectStore } from '../../src/core/ports.ts';
import type { OperationKind } from '../../src/core/operation.ts';
import type { StoredFile } from '../../src/db/files-repo.ts';
import type { StoredOperation } from '../../src/db/stored-operation.ts';
import { recover } from '../../src/engine/recover.ts';
import { createObjectStore } from '../../src/remote/s3/object-store.ts';
import { BufferPool } from '../../src/resilience/buffer-pool.ts';
import { Permits } from '../../src/resilience/permits.ts';
import type { ConditionalWrite } from '../../src/sync/capabilities/capabilities.ts';
import { AutomaticDecisions } from '../../src/sync/conflicts/automatic-decisions.ts';
import type { ConflictRules } from '../../src/sync/conflicts/conflict-rules.ts';
import { DeleteExecutor } from '../../src/sync/delete-executor.ts';
import { DownloadExecutor } from '../../src/sync/download/download-executor.ts';
import { MoveExecutor } from '../../src/sync/move/move-executor.ts';
import { Stopped, type Attempt, type Executor } from '../../src/sync/outcome.ts';
import { splitPath } from '../../src/sync/paths.ts';
import { settle } from '../../src/sync/settle.ts';
import { folderLane, objectResource, type DownloadSpec, type MoveSpec } from '../../src/sync/specs.ts';
import type { UploadDeps, UploadTarget } from '../../src/sync/upload/upload-context.ts';
import { UploadExecutor } from '../../src/sync/upload/upload-executor.ts';
import { contentTypeOf } from '../../src/watch/content-type.ts';
import { DiskChanges } from '../../src/watch/local-changes.ts';
import { DiskFiles } from '../../src/watch/local-files.ts';
import { ManualClock } from './manual-clock.ts';
import { lease, makeOutbox, must, reread, SOME_PLACE, uploadSpecFor, type Outbox } from './outbox.ts';
import { TestBucket } from './s3-bucket.ts';
import type { S3Endpoint } from './s3-servers.ts';
import { systemClock } from './system-clock.ts';
import { TempTree } from './temp-tree.ts';

const NO_RETRY = { maxAttempts: 3, initialDelayMs: 1, maxDelayMs: 1, multiplier: 1, jitter: 'none' } as const;
const MAX_RUNS = 20;

/** Where an engine dies: before or after the effect of the `call`-th call of a port, from 1. */
export interface Death {
  readonly call: number;
  readonly when: 'before' | 'after';
}

/** Counts the calls of the ports and ends the life at one of them: that call never comes back. */
class Life {
  readonly #death: Death | null;
  readonly #died = Promise.withResolvers<'died'>();
  readonly #open = new Set<{ close(): Promise<void> }>();
  calls = 0;
  readonly log: string[] = [];

  constructor(death: Death | null) {
    this.#death = death;
  }

  get died(): Promise<'died'> {
    return this.#died.promise;
  }

  async call<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.calls += 1;
    const number = this.calls;
    this.log.push(name);
    if (this.#death?.call === number && this.#death.when === 'before') return await this.#die();
    const result = await work();
    if (isHandle(result)) this.#open.add(result);
    if (this.#death?.call === number && this.#death.when === 'after') return await this.#die();
    return result;
  }

  /** What the dead process held open. */
  async bury(): Promise<void> {
    for (const handle of this.#open) await handle.close().catch(() => undefined);
  }

  async #die(): Promise<never> {
    this.#died.resolve('died');
    return await new Promise<never>(() => undefined);
  }
}

function isHandle(value: unknown): value is { close(): Promise<void> } {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}

/** The port, each call of which may be the last one. */
function mortal<T extends object>(name: string, port: T, life: Life): T {
  return new Proxy(port, {
    get: (target, property, receiver) => {
      const value: unknown = Reflect.get(target, property, receiver);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) =>
        life.call(`${name}.${String(property)}`, () => Reflect.apply(value, target, args) as Promise<unknown>);
    },
  });
}

export interface RigOptions {
  readonly partSizeBytes?: number;
  readonly copyLimitBytes?: number;
  readonly rules?: Partial<ConflictRules>;
  readonly honours?: (write: ConditionalWrite) => boolean;
}

/** Its times are the test's; what is deferred comes by itself, as in an engine. */
class DeferringClock extends ManualClock {
  override defer(callback: () => void): void {
    setImmediate(callback);
  }
}

export class ExecutorRig {
  readonly tree = new TempTree();
  readonly outbox: Outbox = makeOutbox({ clock: new DeferringClock() });
  readonly bucket: TestBucket;
  readonly hints: string[] = [];
  readonly files: LocalFiles = new DiskFiles();
  changes: LocalChanges;
  store: ObjectStore;
  readonly #options: RigOptions;
  #epoch = 1;

  private constructor(bucket: TestBucket, options: RigOptions) {
    this.bucket = bucket;
    this.#options = options;
    this.changes = new DiskChanges({
      roots: () => [this.tree.root],
      moveToTrash: (file) => {
        mkdirSync(join(this.tree.base, 'trash'), { recursive: true });
        return Promise.resolve(this.tree.rename(file.slice(this.tree.root.length + 1), `../trash/${Date.now()}`));
      },
    });
    const { endpoint, region, credentials } = bucket.server;
    this.store = createObjectStore(
      {
        endpoint,
        region,
        bucket: bucket.name,
        forcePathStyle: true,
        prefix: '',
        publicUrl: null,
        credentials: { kind: 'literal', ...credentials, sessionToken: null },
        userAgent: 'test',
      },
      systemClock,
    );
  }

  static async create(server: S3Endpoint, options: RigOptions = {}): Promise<ExecutorRig> {
    return new ExecutorRig(await TestBucket.create(server), options);
  }

  close(): void {
    this.store.close();
    this.bucket.close();
    this.tree.close();
  }

  get repos(): Outbox['repos'] {
    return this.outbox.repos;
  }

  async state(path: string): Promise<FileStat> {
    return must(await this.files.stat(this.tree.at(path)));
  }

  row(path: string): StoredFile | null {
    const { dir, name } = splitPath(path);
    return this.repos.files.get('drop', dir, name);
  }

  text(path: string): string {
    return readFileSync(this.tree.at(path), 'utf8');
  }

  /** Names below the folder, hidden ones too, sorted. */
  names(): string[] {
    return (readdirSync(this.tree.root, { recursive: true }) as string[])
      .filter((name) => statSync(this.tree.at(name)).isFile())
      .sort();
  }

  /** A file that went up and is settled, as a scan, the planner and the upload leave it. */
  async uploaded(path: string, content: string | Uint8Array): Promise<StoredOperation> {
    this.tree.write(path, content);
    const { fingerprint, sizeBytes, mtimeMs } = await this.state(path);
    const key = `drop/${path}`;
    const spec = uploadSpecFor(key, { fingerprint, sizeBytes, mtimeMs });
    const operation = this.insert('file.upload', path, key, spec, [], sizeBytes);
    this.know(path, { fingerprint, sizeBytes, mtimeMs: Math.floor(mtimeMs), operation: operation.id });
    return await this.run(operation);
  }

  /** The inventory's row of a path. */
  know(path: string, patch: Partial<StoredFile>): void {
    const { dir, name } = splitPath(path);
    const before = this.row(path);
    this.repos.files.put({
      folder: 'drop',
      dir,
      name,
      key: `drop/${path}`,
      fingerprint: null,
      sizeBytes: 0,
      mtimeMs: 0,
      base: null,
      checksum: null,
      operation: null,
      ...before,
      ...patch,
    });
  }

  /** The file is deleted, and its delete is queued. */
  deleted(path: string): StoredOperation {
    this.tree.remove(path);
    this.know(path, { fingerprint: null });
    return this.insert('file.delete', path, `drop/${path}`, { key: `drop/${path}` });
  }

  /** The file gets another name, and its move is queued. */
  async moved(from: string, to: string, patch: Partial<MoveSpec> = {}): Promise<StoredOperation> {
    mkdirSync(dirname(this.tree.at(to)), { recursive: true });
    this.tree.rename(from, to);
    const { fingerprint, sizeBytes, mtimeMs } = await this.state(to);
    const spec: MoveSpec = {
      ...uploadSpecFor(`drop/${to}`, { fingerprint, sizeBytes, mtimeMs }),
      fromKey: `drop/${from}`,
      fromPath: from,
      deleteSource: true,
      ...patch,
    };
    this.know(from, { fingerprint: null });
    const operation = this.insert('file.move', to, `drop/${to}`, spec, [`drop/${from}`], sizeBytes);
    this.know(to, { fingerprint, sizeBytes, mtimeMs: Math.floor(mtimeMs), operation: operation.id });
    return operation;
  }

  /** A download of what is at the key now is queued. */
  async download(path: string, patch: Partial<DownloadSpec> = {}): Promise<StoredOperation> {
    const key = `drop/${path}`;
    const remote = must(await this.store.head(key, new AbortController().signal));
    const spec: DownloadSpec = {
      key,
      etag: remote.etag,
      versionId: remote.versionId,
      sizeBytes: remote.sizeBytes,
      mtimeMs: 1_600_000_000_000,
      replaces: null,
      reason: 'restore',
      ...patch,
    };
    return this.insert('file.download', path, key, spec, [], spec.sizeBytes);
  }

  insert(
    kind: OperationKind,
    path: string,
    key: string,
    spec: unknown,
    further: readonly string[] = [],
    bytesTotal: number | null = null,
  ): StoredOperation {
    return this.repos.operations.insert({
      id: newOperationId(systemClock, this.outbox.random),
      kind,
      priority: 'normal',
      lane: folderLane('drop'),
      target: key,
      resourceKeys: [key, ...further].map((each) => objectResource('main', each)),
      spec,
      folder: 'drop',
      path,
      destination: 'main',
      contentType: contentTypeOf(path),
      bytesTotal,
    });
  }

  /** One attempt, settled as the scheduler would. `stop` aborts it. */
  async attempt(
    operation: StoredOperation,
    stop: AbortSignal = new AbortController().signal,
  ): Promise<StoredOperation> {
    const leased = lease(this.outbox, reread(this.outbox, operation), this.#epoch);
    const outcome = await this.#executor(leased.kind, new Life(null)).run(leased, attemptOf(stop));
    return this.#settle(leased, outcome);
  }

  /** Attempts until it is at rest. */
  async run(operation: StoredOperation): Promise<StoredOperation> {
    let now = reread(this.outbox, operation);
    for (let run = 0; run < MAX_RUNS && (now.state === 'pending' || now.state === 'waiting'); run += 1) {
      now = await this.attempt(now);
    }
    return now;
  }

  /** One attempt of an engine that dies; then another one starts. False when it ended before its death. */
  async die(operation: StoredOperation, death: Death): Promise<boolean> {
    const life = new Life(death);
    const leased = lease(this.outbox, reread(this.outbox, operation), this.#epoch);
    const run = this.#executor(leased.kind, life).run(leased, attemptOf(new AbortController().signal));
    const ended = await Promise.race([run, life.died]);
    await life.bury();
    if (ended !== 'died') {
      this.#settle(leased, ended);
      return false;
    }
    this.#epoch += 1;
    // A campaign dies more often than a real engine would before it gives an item up.
    const seen = must(this.repos.operations.bySeq(leased.seq));
    this.repos.operations.amend(seen, { deaths: 0 });
    recover(this.repos);
    return true;
  }

  /** How many calls of ports an attempt makes when nothing happens. */
  async countCalls(operation: StoredOperation): Promise<{ readonly calls: number; readonly log: readonly string[] }> {
    const life = new Life(null);
    const leased = lease(this.outbox, reread(this.outbox, operation), this.#epoch);
    const outcome = await this.#executor(leased.kind, life).run(leased, attemptOf(new AbortController().signal));
    this.#settle(leased, outcome);
    return { calls: life.calls, log: life.log };
  }

  #settle(leased: StoredOperation, outcome: Parameters<typeof settle>[2]): StoredOperation {
    const { repos, random, clock } = this.outbox;
    repos.transaction(() => settle(repos, leased, outcome, NO_RETRY, random, clock.now()));
    const now = must(repos.operations.bySeq(leased.seq));
    clock.advance(10);
    return now;
  }

  #executor(kind: OperationKind, life: Life): Executor {
    const { repos, clock, random } = this.outbox;
    const changes = mortal('changes', this.changes, life);
    const rules = { strategy: 'manual', mode: 'mirror', skewMs: 0, place: SOME_PLACE, ...this.#options.rules } as const;
    const target: UploadTarget = {
      name: 'main',
      place: SOME_PLACE,
      store: mortal('store', this.store, life),
      partSizeBytes: this.#options.partSizeBytes ?? 5 * 1024 * 1024,
      partConcurrency: 1,
      transfers: new Permits(4),
      checksumAlgorithm: 'CRC64NVME',
      device: 'laptop',
      honours: this.#options.honours ?? (() => true),
      objectUrl: (key) => `http://store/${key}`,
      serviceNow: () => clock.now(),
    };
    const deps: UploadDeps & { readonly changes: LocalChanges } = {
      repos,
      clock,
      files: mortal('files', this.files, life),
      changes,
      conflicts: new AutomaticDecisions({ repos, clock, random, device: 'laptop', rules: () => rules }),
      buffers: new BufferPool(2),
      target: () => target,
      localPath: (operation) => `${this.tree.root}/${operation.path ?? ''}`,
      hintDirty: (operation) => this.hints.push(operation.path ?? ''),
    };
    const { copyLimitBytes } = this.#options;
    const restoreLimits =
      copyLimitBytes === undefined ? undefined : { copyLimitBytes, copyPartBytes: target.partSizeBytes };
    const upload = new UploadExecutor(deps, restoreLimits);
    if (kind === 'file.move')
      return new MoveExecutor(deps, upload, copyLimitBytes === undefined ? {} : { copyLimitBytes });
    if (kind === 'file.delete') return new DeleteExecutor(deps);
    return kind === 'file.download' ? new DownloadExecutor(deps) : upload;
  }
}

function attemptOf(signal: AbortSignal): Attempt {
  return { signal, commitSignal: new AbortController().signal, progress: () => undefined };
}

/** Aborts as the scheduler does. */
export function stopWith(controller: AbortController, reason: ConstructorParameters<typeof Stopped>[0]): void {
  controller.abort(new Stopped(reason));
}
