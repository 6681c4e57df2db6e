import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { newOperationId } from '../../src/core/ids.ts';
import { openWritable, type WritableDb } from '../../src/db/connection.ts';
import type { NewOperation } from '../../src/db/new-operation.ts';
import { openRepositories, type Repositories } from '../../src/db/repositories.ts';
import { DATA_KEY_BYTES, DataKeySealer } from '../../src/db/seal.ts';
import { systemClock, systemRandom } from '../../src/engine/system-clock.ts';
import { BareOutbox } from '../peers/bare-outbox.ts';
import type { BenchContext } from '../support/bench-context.ts';
import type { Figure } from '../support/figure.ts';

/** Operations in one transaction: what the scheduler's look holds while small files go out, and what a burst may take. */
const BATCHES = [64, 256] as const;
const LANE = 'folder:bench';

interface Outbox {
  enqueue(operations: readonly NewOperation[]): void;
  /** Takes up to a batch of pending operations and marks them running; then marks them done. Gives how many. */
  claimAndComplete(): number;
  close(): void;
}

class LongshoreOutbox implements Outbox {
  readonly #db: WritableDb;
  readonly #repos: Repositories;
  readonly #epoch: number;
  readonly #batch: number;

  constructor(file: string, batch: number) {
    this.#batch = batch;
    this.#db = openWritable(file);
    const sealer = new DataKeySealer(randomBytes(DATA_KEY_BYTES));
    this.#repos = openRepositories(this.#db, systemClock, systemRandom, sealer);
    this.#epoch = this.#repos.runs.start(process.pid, Date.now());
  }

  enqueue(operations: readonly NewOperation[]): void {
    this.#repos.transaction(() => {
      this.#repos.operations.insertAll(operations.map((made) => ({ made, details: {} })));
    });
  }

  claimAndComplete(): number {
    const { claims, operations } = this.#repos;
    const leased = this.#repos.transaction(() =>
      operations.transitionAll(
        claims.ready(LANE, 'normal', Date.now(), this.#batch).map((seen) => ({
          seen,
          event: 'lease',
          change: { leaseEpoch: this.#epoch, leaseAttempt: seen.leaseAttempt + 1 },
        })),
      ),
    );
    this.#repos.transaction(() => {
      operations.transitionAll(
        leased
          .filter((seen) => seen !== null)
          .map((seen) => ({ seen, event: 'succeed', change: { attempts: seen.attempts + 1 } })),
      );
    });
    return leased.length;
  }

  close(): void {
    this.#db.close();
  }
}

function made(index: number): NewOperation {
  const key = `bench/d${Math.floor(index / 100)}/file-${index}.bin`;
  const fingerprint = '4096.1700000000000000000.1700000000000000000.123456.2049';
  return {
    id: newOperationId(systemClock, systemRandom),
    kind: 'file.upload',
    priority: 'normal',
    lane: LANE,
    target: key,
    resourceKeys: [`main:${key}`],
    spec: { key, fingerprint, sizeBytes: 4096, mtimeMs: 1.7e12, originalName: null, hashFirst: false, beside: false },
    folder: 'bench',
    path: key,
    destination: 'main',
    contentType: 'application/octet-stream',
    bytesTotal: 4096,
  };
}

interface Measured {
  readonly enqueuePerS: number;
  readonly drainPerS: number;
  /** Queued, claimed and completed, one after the other. */
  readonly cyclePerS: number;
  readonly singleUs: readonly number[];
}

function measure(outbox: Outbox, batch: number, count: number, singles: number): Measured {
  try {
    const all = Array.from({ length: count }, (_, index) => made(index));
    const startedAt = performance.now();
    for (let from = 0; from < count; from += batch) outbox.enqueue(all.slice(from, from + batch));
    const queuedAt = performance.now();
    let done = 0;
    for (let taken = outbox.claimAndComplete(); taken > 0; taken = outbox.claimAndComplete()) done += taken;
    const drainedAt = performance.now();
    if (done !== count) throw new Error(`${done} of ${count} operations were completed`);
    const singleUs = Array.from({ length: singles }, (_, index) => {
      const operation = made(count + index);
      const before = performance.now();
      outbox.enqueue([operation]);
      return (performance.now() - before) * 1000;
    });
    return {
      enqueuePerS: (count / (queuedAt - startedAt)) * 1000,
      drainPerS: (count / (drainedAt - queuedAt)) * 1000,
      cyclePerS: (count / (drainedAt - startedAt)) * 1000,
      singleUs,
    };
  } finally {
    outbox.close();
  }
}

/** The outbox on a real file with a full sync at every commit, against the least that SQLite itself takes for a row. */
export function outbox(context: BenchContext): Promise<readonly Figure[]> {
  return Promise.resolve(BATCHES.flatMap((batch) => inBatchesOf(batch, context)));
}

function inBatchesOf(batch: number, context: BenchContext): readonly Figure[] {
  const { workspace, sizes } = context;
  const ours: Measured[] = [];
  const bare: Measured[] = [];
  const directory = workspace.directory(`outbox-${batch}`);
  for (let run = 1; run <= context.runs; run += 1) {
    const file = (name: string) => join(directory, `${name}-${run}.db`);
    const { outboxOperations, singleEnqueues } = sizes;
    ours.push(measure(new LongshoreOutbox(file('outbox'), batch), batch, outboxOperations, singleEnqueues));
    bare.push(measure(new BareOutbox(file('bare'), batch), batch, outboxOperations, singleEnqueues));
    const { enqueuePerS = 0, drainPerS = 0, cyclePerS = 0 } = ours.at(-1) ?? {};
    context.say(
      `${batch} a commit, run ${run}: ${enqueuePerS.toFixed(0)} queued/s, ${drainPerS.toFixed(0)} drained/s, ${cyclePerS.toFixed(0)} of both`,
    );
  }
  workspace.remove(directory);
  const pair = (pick: (measured: Measured) => number | readonly number[]) => ({
    ours: ours.flatMap(pick),
    peer: { name: 'bare table', samples: bare.flatMap(pick) },
  });
  const count = sizes.outboxOperations.toLocaleString('en');
  const rate = { unit: 'ops/s', better: 'more' } as const;
  const single = { unit: 'µs', better: 'less', quantile: 0.5, ...pair((each) => each.singleUs) } as const;
  const rates: readonly Figure[] = [
    {
      id: `outbox.enqueue.${batch}`,
      what: `outbox: ${count} queued, ${batch} a commit`,
      ...rate,
      ...pair((each) => each.enqueuePerS),
    },
    { id: `outbox.drain.${batch}`, what: '… claimed and completed', ...rate, ...pair((each) => each.drainPerS) },
    { id: `outbox.cycle.${batch}`, what: '… all three', ...rate, ...pair((each) => each.cyclePerS) },
  ];
  if (batch !== BATCHES[0]) return rates;
  return [
    ...rates,
    { id: 'outbox.single.p50', what: 'outbox: one durable enqueue, p50', ...single },
    { id: 'outbox.single.p99', what: '… p99', ...single, quantile: 0.99 },
  ];
}
