import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { newOperationId } from '../../src/core/ids.ts';
import { openWritable, type WritableDb } from '../../src/db/connection.ts';
import type { NewOperation } from '../../src/db/operations-repo.ts';
import { openRepositories, type Repositories } from '../../src/db/repositories.ts';
import { DATA_KEY_BYTES, DataKeySealer } from '../../src/db/seal.ts';
import { systemClock, systemRandom } from '../../src/engine/system-clock.ts';
import { BareOutbox } from '../peers/bare-outbox.ts';
import type { BenchContext } from '../support/bench-context.ts';
import type { Figure } from '../support/figure.ts';

/** Operations in one transaction: about what a scan's batch, and the scheduler's look, hold. */
const BATCH = 64;
const LANE = 'folder:bench';

interface Outbox {
  enqueue(operations: readonly NewOperation[]): void;
  /** Takes up to `BATCH` pending operations and marks them running; then marks them done. Gives how many. */
  claimAndComplete(): number;
  close(): void;
}

class LongshoreOutbox implements Outbox {
  readonly #db: WritableDb;
  readonly #repos: Repositories;
  readonly #epoch: number;

  constructor(file: string) {
    this.#db = openWritable(file);
    const sealer = new DataKeySealer(randomBytes(DATA_KEY_BYTES));
    this.#repos = openRepositories(this.#db, systemClock, systemRandom, sealer);
    this.#epoch = this.#repos.runs.start(process.pid, Date.now());
  }

  enqueue(operations: readonly NewOperation[]): void {
    this.#repos.transaction(() => {
      for (const operation of operations) this.#repos.operations.insert(operation);
    });
  }

  claimAndComplete(): number {
    const { claims, operations } = this.#repos;
    const leased = this.#repos.transaction(() =>
      claims
        .ready(LANE, 'normal', Date.now(), BATCH)
        .map((each) => operations.transition(each, 'lease', { leaseEpoch: this.#epoch, leaseAttempt: 1 })),
    );
    this.#repos.transaction(() => {
      for (const each of leased) if (each !== null) operations.transition(each, 'succeed', { attempts: 1 });
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

function measure(outbox: Outbox, count: number, singles: number): Measured {
  try {
    const all = Array.from({ length: count }, (_, index) => made(index));
    const startedAt = performance.now();
    for (let from = 0; from < count; from += BATCH) outbox.enqueue(all.slice(from, from + BATCH));
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
  const { workspace, sizes } = context;
  const ours: Measured[] = [];
  const bare: Measured[] = [];
  const directory = workspace.directory('outbox');
  for (let run = 1; run <= context.runs; run += 1) {
    const file = (name: string) => join(directory, `${name}-${run}.db`);
    ours.push(measure(new LongshoreOutbox(file('outbox')), sizes.outboxOperations, sizes.singleEnqueues));
    bare.push(measure(new BareOutbox(file('bare'), BATCH), sizes.outboxOperations, sizes.singleEnqueues));
    context.say(
      `run ${run}: ${ours.at(-1)?.enqueuePerS.toFixed(0)} queued/s, ${ours.at(-1)?.drainPerS.toFixed(0)} drained/s`,
    );
  }
  workspace.remove(directory);
  const pair = (pick: (measured: Measured) => number | readonly number[]) => ({
    ours: ours.flatMap(pick),
    peer: { name: 'bare table', samples: bare.flatMap(pick) },
  });
  const count = sizes.outboxOperations.toLocaleString('en');
  const single = { unit: 'µs', better: 'less', quantile: 0.5, ...pair((each) => each.singleUs) } as const;
  return Promise.resolve([
    {
      id: 'outbox.enqueue',
      what: `outbox: ${count} queued, ${BATCH} a commit`,
      unit: 'ops/s',
      better: 'more',
      ...pair((each) => each.enqueuePerS),
    },
    {
      id: 'outbox.drain',
      what: `outbox: claimed and completed, ${BATCH} a commit`,
      unit: 'ops/s',
      better: 'more',
      ...pair((each) => each.drainPerS),
    },
    {
      id: 'outbox.cycle',
      what: 'outbox: all three',
      unit: 'ops/s',
      better: 'more',
      ...pair((each) => each.cyclePerS),
    },
    { id: 'outbox.single.p50', what: 'outbox: one durable enqueue, p50', ...single },
    { id: 'outbox.single.p99', what: '… p99', ...single, quantile: 0.99 },
  ]);
}
