import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Cursor } from '../db/queue-queries.ts';
import type { Params, Result } from '../protocol/contract.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import type { Refused } from '../sync/commands.ts';
import { findPage } from './find-in-steps.ts';
import type { SyncCore } from './sync-core.ts';

/** Conflicts that are looked up at a time. */
const CONFLICT_PAGE = 100;
/** Retried items whose gates are told of. */
const WAITS_LIMIT = 100;
/** Operations that one `retry --failed` takes at a time. */
const RETRY_LIMIT = 100_000;
/** Of those, so many are looked up at a time: some milliseconds. */
const FAILED_PAGE = 1000;
/** Decisions in one transaction: some milliseconds. */
const BATCH = 100;

export interface Batched {
  readonly done: string[];
  readonly refused: Refused[];
}

/** Each batch is one transaction; between two the engine's own work gets its turn. */
export async function inBatches(ids: readonly string[], act: (batch: readonly string[]) => Batched): Promise<Batched> {
  const all: Batched = { done: [], refused: [] };
  for (let from = 0; from < ids.length; from += BATCH) {
    if (from > 0) await nextTurn();
    const { done, refused } = act(ids.slice(from, from + BATCH));
    all.done.push(...done);
    all.refused.push(...refused);
  }
  return all;
}

/** All conflicts, or those of one folder. */
export async function conflictIds(core: SyncCore, folder: string | null): Promise<string[]> {
  const ids: string[] = [];
  let after: string | null = null;
  do {
    const page = await findPage(core.repos.queue, {
      states: ['conflict'],
      order: 'oldest',
      limit: CONFLICT_PAGE,
      ...(folder === null ? {} : { folder }),
      ...(after === null ? {} : { after }),
    });
    ids.push(...page.items.map((operation) => operation.id));
    after = page.next;
    await nextTurn();
  } while (after !== null);
  return ids;
}

/** The given ids, and all that failed in a stretch of time. */
export async function failedIds(core: SyncCore, params: Params<'retry'>): Promise<string[]> {
  const since = params.since === undefined ? 0 : Date.parse(params.since);
  const until = params.until === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(params.until);
  const ids = [...params.ids];
  let after: Cursor = { at: since, seq: 0 };
  while (ids.length - params.ids.length < RETRY_LIMIT) {
    const page = core.repos.queue.failedIds(after, until, FAILED_PAGE);
    const last = page.at(-1);
    if (last === undefined) break;
    for (const { id } of page) ids.push(id);
    after = last.cursor;
    await nextTurn();
  }
  return ids;
}

/** Retried items behind a gate, with what opens it. A person who asks for an unreachable service has it tried at once. */
export function whatWaits(
  core: SyncCore,
  ids: readonly string[],
  view: (operation: StoredOperation) => Result<'call'>,
): Pick<Result<'retry'>, 'waits'> {
  const waits: NonNullable<Result<'retry'>['waits']> = [];
  for (const id of ids.slice(0, WAITS_LIMIT)) {
    const operation = core.repos.operations.byId(id);
    if (operation === null) continue;
    const info = core.lanes.info(operation.lane);
    if (core.gates.gateOf(info) === 'unreachable') core.gates.lookAgainNow(info.service);
    const { gate, next } = view(operation);
    if (gate !== null && next !== null) waits.push({ id, gate, next });
  }
  core.wake();
  return waits.length === 0 ? {} : { waits };
}
