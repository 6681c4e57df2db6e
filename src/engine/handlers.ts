import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, EpochMs, Random } from '../core/ports.ts';
import { STATES } from '../core/states.ts';
import type { Sealer } from '../db/seal.ts';
import type { EventQuery, EventsRepo, StoredEvent } from '../db/events-repo.ts';
import { FOREVER, type StoredOperation } from '../db/stored-operation.ts';
import {
  cursorBehind,
  isFiltered,
  parseCursor,
  type Cursor,
  type QueuePage,
  type QueueQueries,
  type QueueQuery,
} from '../db/queue-queries.ts';
import type { Method, Params, Result } from '../protocol/contract.ts';
import { RpcRefusal } from '../protocol/rpc-errors.ts';
import type { RpcHandlers } from '../protocol/rpc-server.ts';
import { queueCall } from '../sync/queue-call.ts';
import { undoDecision } from '../sync/conflicts/undo-decision.ts';
import { resolveConflict } from '../sync/resolve-conflict.ts';
import type { Refused } from '../sync/commands.ts';
import { addToFolder } from './add-to-folder.ts';
import { adoptFolder, decideDeletes, massDeletes } from './folder-decisions.ts';
import { detailView, versionsView } from './detail-view.ts';
import { isLoopback } from './lanes.ts';
import { refusingOnFullDisk } from './refuse-on-full-disk.ts';
import { abortOpenUploads, findOpenUploads } from './open-uploads.ts';
import { eventView, isoOrNull, operationView, pauseScope } from './operation-view.ts';
import { statusView, viewContext, type EngineFactsView } from './status-view.ts';
import type { SyncCore } from './sync-core.ts';

const DEFAULT_PAGE = 100;
const DEFAULT_CALL_TIMEOUT_MS = 60_000;
/** For the lists of open uploads of all destinations, ms. */
const LIST_TIMEOUT_MS = 60_000;
/** Retried items whose gates are told of. */
const WAITS_LIMIT = 100;
/** Operations that one `retry --failed` takes at a time. */
const RETRY_LIMIT = 100_000;
/** Of those, so many are looked up at a time: some milliseconds. */
const FAILED_PAGE = 1000;
/** Events that one step of a search by time looks at: a millisecond or two. */
const SEARCHED_EVENTS = 5000;
/** Decisions in one transaction: some milliseconds. */
const BATCH = 100;

export interface Desk {
  /** The core of the configuration in force. */
  readonly core: () => SyncCore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly facts: EngineFactsView;
  readonly configProblems: () => readonly string[];
}

type Handlers = {
  readonly [M in Exclude<Method, 'hello' | 'subscribe' | 'host.signal' | 'shutdown'>]: (
    params: Params<M>,
  ) => Promise<Result<M>>;
};

/** What shells may ask; the same whether an engine runs or the command line acts on the database alone. */
export function makeHandlers(desk: Desk): Handlers & Partial<RpcHandlers> {
  return refusingOnFullDisk(handlersOf(desk), desk.facts.dataDir);
}

function handlersOf(desk: Desk): Handlers {
  const { clock } = desk;
  const repos = () => desk.core().repos;
  const context = () => viewContext(desk.core(), clock.now());
  const view = (operation: StoredOperation) => operationView(operation, context());
  const status = () => statusView(desk.core(), desk.facts, desk.configProblems(), clock.now());
  const find = (id: string): StoredOperation => {
    const operation = repos().operations.byId(id);
    if (operation === null) throw notFound(`There is no item ${id}.`, 'See "longshore ls" for what there is.');
    return operation;
  };
  const page = async (params: Params<'ls'>): Promise<QueuePage> => {
    if (params.after !== undefined && parseCursor(params.after) === null)
      throw usage(`"${params.after}" is not a page.`, 'Use the "next" of the page before.');
    return findPage(repos().queue, {
      states: params.states ?? STATES,
      order: params.order ?? 'oldest',
      limit: params.limit ?? DEFAULT_PAGE,
      ...(params.folder === undefined ? {} : { folder: params.folder }),
      ...(params.kind === undefined ? {} : { kind: params.kind }),
      ...(params.search === undefined ? {} : { search: params.search }),
      ...(params.after === undefined ? {} : { after: params.after }),
    });
  };
  const forEach = (ids: readonly string[], act: (id: string) => Refused | null) => {
    const done: string[] = [];
    const refused: Refused[] = [];
    repos().transaction(() => {
      for (const id of ids) {
        const refusal = act(id);
        if (refusal === null) done.push(id);
        else refused.push(refusal);
      }
    });
    desk.core().wake();
    return { done, refused };
  };

  return {
    status: async () => status(),
    ls: async (params) => {
      const found = await page(params);
      const shared = context();
      return { items: found.items.map((operation) => operationView(operation, shared)), next: found.next };
    },
    conflicts: async (params) => {
      const found = await page({ ...params, states: ['conflict'], order: 'newest' });
      return {
        items: found.items.map((operation) => ({
          ...view(operation),
          versions: versionsView(operation),
          strategy: desk.core().strategyOf(operation),
        })),
        next: found.next,
      };
    },
    show: async ({ id }) => detailView(repos(), desk.sealer, find(id), context()),
    pause: async ({ scope, forMs }) => {
      const until: EpochMs = forMs === null ? FOREVER : clock.now() + forMs;
      applyPause(desk.core(), scope, until);
      return status();
    },
    resume: async ({ scope }) => {
      applyPause(desk.core(), scope, 0);
      return status();
    },
    retry: async (params) => {
      const ids = params.failed === true ? await failedIds(desk, params) : params.ids;
      const { done, refused } = await inBatches(ids, (batch) =>
        forEach(batch, (id) => desk.core().commands.retry(id, params.newKey ?? false)),
      );
      return { retried: done, refused, ...whatWaits(desk.core(), done, view) };
    },
    cancel: async ({ ids }) => {
      const { done, refused } = await inBatches(ids, (batch) =>
        forEach(batch, (id) => desk.core().commands.cancel(id)),
      );
      return { cancelled: done, refused };
    },
    resolve: async ({ keep, ...which }) => {
      if (keep === 'merge') throw notAvailable('Merging');
      const ids = which.all === true ? await conflictIds(desk.core(), which.folder ?? null) : which.ids;
      const { deps } = desk.core().conflicts;
      const { done, refused } = await inBatches(ids, (batch) =>
        forEach(batch, (id) => resolveConflict(deps, id, keep)),
      );
      return { resolved: done, refused };
    },
    undo: async ({ ids }) => {
      const core = desk.core();
      const undone: Result<'undo'>['undone'] = [];
      const { refused } = await inBatches(ids, (batch) =>
        forEach(batch, (id) => {
          const result = undoDecision(
            { ...core.conflicts.deps, contentTypeOf: (name: string) => core.contentTypeOf(name) },
            id,
          );
          if (!result.ok) return result.refused;
          undone.push({ id, operationId: result.operation });
          return null;
        }),
      );
      return { undone, refused };
    },
    call: async (params) => view(enqueueCall(desk, params)),
    events: async (params) => {
      const limit = params.limit ?? DEFAULT_PAGE;
      const items = await findEvents(repos().events, {
        limit,
        ...(params.since === undefined ? {} : { since: Date.parse(params.since) }),
        ...(params.operationId === undefined ? {} : { operationId: params.operationId }),
        ...(params.afterSeq === undefined ? {} : { afterSeq: params.afterSeq }),
      });
      return { items: items.map(eventView), next: items.length < limit ? null : (items.at(-1)?.seq ?? null) };
    },
    'folder.add': async ({ folder, paths }) => {
      const configured = desk.core().config.folders.find((candidate) => candidate.name === folder);
      if (configured === undefined)
        throw notFound(`There is no folder "${folder}".`, 'See "longshore status" for the folders.');
      const result = await addToFolder(configured.path, paths);
      desk.core().rescan(folder);
      return result;
    },
    restore: async (params) => {
      const operation = await desk.core().restore(params);
      desk.core().wake();
      return view(operation);
    },
    'deletes.ls': async () => ({ items: massDeletes(desk.core()) }),
    'deletes.decide': async ({ folder, decision }) => {
      requireKnownScope(desk.core(), `folder:${folder}`);
      const files = await decideDeletes(desk.core(), clock, folder, decision);
      if (files === null)
        throw notFound(`No deletes of folder "${folder}" wait for a word.`, 'See "longshore deletes" for what waits.');
      return { folder, decision, files };
    },
    'folder.adopt': async ({ folder }) => {
      requireKnownScope(desk.core(), `folder:${folder}`);
      requireMirror(desk.core(), folder);
      await adoptFolder(desk.core(), clock, folder);
      return { folder };
    },
    rescan: async ({ folder }) => {
      desk.core().rescan(folder);
      return {};
    },
    viewUrl: async ({ id }) => {
      const operation = find(id);
      const target = operation.destination === null ? null : desk.core().targets.get(operation.destination);
      if (target === null || operation.state !== 'succeeded')
        throw notFound('This item is not in the storage yet.', 'Wait until it is ready.');
      return { url: await target.store.viewUrl(operation.target) };
    },
    localPath: async ({ id }) => {
      const path = desk.core().localPath(find(id));
      if (path === null) throw notFound('This item has no file here.', '');
      return { path };
    },
    'uploads.ls': async ({ destination }) => {
      const found = await findOpenUploads(desk.core(), destination ?? null, AbortSignal.timeout(LIST_TIMEOUT_MS));
      const items = found.items.map((upload) => ({ ...upload, initiatedAt: isoOrNull(upload.initiatedAt) }));
      return { items, failed: [...found.failed] };
    },
    'uploads.abort': async ({ uploads }) => ({ aborted: abortOpenUploads(desk.core(), uploads, clock.now()) }),
    'secret.set': async ({ name, value }) => {
      repos().secrets.set(name, value, clock.now());
      desk.core().lookAgain();
      return {};
    },
    'secret.ls': async () => ({ names: repos().secrets.names() }),
    'secret.rm': async ({ name }) => ({ removed: repos().secrets.remove(name) }),
  };
}

function applyPause(core: SyncCore, scope: Params<'pause'>['scope'], until: EpochMs): void {
  const target = pauseScope(scope);
  if (target.kind === 'item') {
    const refused = core.hold(target.id, until);
    if (refused !== null) throw notFound(`${target.id}: ${refused.reason}.`, 'See "longshore ls" for what there is.');
    return;
  }
  requireKnownScope(core, target.scope);
  if (until === 0) core.resume(target.scope);
  else core.pause(target.scope, until);
}

function requireKnownScope(core: SyncCore, scope: string): void {
  const colon = scope.indexOf(':');
  const name = scope.slice(colon + 1);
  if (scope.startsWith('folder:') && !core.config.folders.some((folder) => folder.name === name)) {
    throw notFound(`There is no folder "${name}".`, 'See "longshore status" for the folders.');
  }
  if (scope.startsWith('provider:') && core.config.providers[name] === undefined) {
    throw notFound(`There is no provider "${name}".`, 'See "longshore config show" for the providers.');
  }
}

function requireMirror(core: SyncCore, name: string): void {
  if (core.config.folders.some((folder) => folder.name === name && folder.mode === 'mirror')) return;
  const message = `Folder "${name}" is in drop mode: it has no marker, and nothing to adopt.`;
  throw new RpcRefusal({ kind: 'state', message, hint: 'Only folders with "mode: mirror" have one.' });
}

/** A search may look at a million rows for one page: between its steps the engine's own work gets its turn. */
async function findPage(queue: QueueQueries, query: QueueQuery): Promise<QueuePage> {
  if (!isFiltered(query)) return queue.page(query);
  const found: StoredOperation[] = [];
  // One more tells whether there is a next page.
  const wanted = query.limit + 1;
  for (let after = query.after ?? null; ; await nextTurn()) {
    const step = queue.search({ ...query, limit: wanted - found.length, ...(after === null ? {} : { after }) });
    found.push(...step.items);
    after = step.next;
    if (after === null || found.length >= wanted) break;
  }
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  return { items, next: found.length > items.length && last !== undefined ? cursorBehind(last) : null };
}

/** What happened since some time may stand behind millions of older events: they are passed over in steps. */
async function findEvents(events: EventsRepo, query: EventQuery): Promise<StoredEvent[]> {
  if (query.since === undefined || query.operationId !== undefined) return events.list(query);
  const found: StoredEvent[] = [];
  const last = events.lastSeq();
  for (let afterSeq = Math.max(query.afterSeq ?? 0, events.firstSeq() - 1); afterSeq < last; await nextTurn()) {
    const throughSeq = afterSeq + SEARCHED_EVENTS;
    found.push(...events.list({ ...query, afterSeq, throughSeq, limit: query.limit - found.length }));
    if (found.length >= query.limit) break;
    afterSeq = throughSeq;
  }
  return found;
}

/** All conflicts, or those of one folder. */
async function conflictIds(core: SyncCore, folder: string | null): Promise<string[]> {
  if (folder !== null) requireKnownScope(core, `folder:${folder}`);
  const ids: string[] = [];
  let after: string | null = null;
  do {
    const page = await findPage(core.repos.queue, {
      states: ['conflict'],
      order: 'oldest',
      limit: DEFAULT_PAGE,
      ...(folder === null ? {} : { folder }),
      ...(after === null ? {} : { after }),
    });
    ids.push(...page.items.map((operation) => operation.id));
    after = page.next;
    await nextTurn();
  } while (after !== null);
  return ids;
}

interface Batched {
  readonly done: string[];
  readonly refused: Refused[];
}

/** Each batch is one transaction; between two the engine's own work gets its turn. */
async function inBatches(ids: readonly string[], act: (batch: readonly string[]) => Batched): Promise<Batched> {
  const all: Batched = { done: [], refused: [] };
  for (let from = 0; from < ids.length; from += BATCH) {
    if (from > 0) await nextTurn();
    const { done, refused } = act(ids.slice(from, from + BATCH));
    all.done.push(...done);
    all.refused.push(...refused);
  }
  return all;
}

/** Retried items behind a gate, with what opens it. A person who asks for an unreachable service has it tried at once. */
function whatWaits(
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

async function failedIds(desk: Desk, params: Params<'retry'>): Promise<string[]> {
  const since = params.since === undefined ? 0 : Date.parse(params.since);
  const until = params.until === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(params.until);
  const ids = [...params.ids];
  let after: Cursor = { at: since, seq: 0 };
  while (ids.length - params.ids.length < RETRY_LIMIT) {
    const page = desk.core().repos.queue.failedIds(after, until, FAILED_PAGE);
    const last = page.at(-1);
    if (last === undefined) break;
    for (const { id } of page) ids.push(id);
    after = last.cursor;
    await nextTurn();
  }
  return ids;
}

/** RFC 9110 section 9.3 and RFC 5789, without CONNECT and TRACE. A typing error must not wait in a queue. */
const CALL_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

function enqueueCall(desk: Desk, params: Params<'call'>): StoredOperation {
  if (!CALL_METHODS.includes(params.method))
    throw usage(`${params.method} is not a method of HTTP.`, `Use one of ${CALL_METHODS.join(', ')}.`);
  const core = desk.core();
  const { provider, url } = callTarget(core, params.target);
  const queued = queueCall(
    { ...desk, repos: core.repos },
    {
      method: params.method,
      provider,
      url,
      headers: params.headers ?? {},
      body: params.body ?? null,
      ifMatch: params.ifMatch ?? null,
      idempotencyKey: params.idempotencyKey ?? null,
      resource: params.resource ?? null,
      priority: params.priority ?? 'normal',
      timeoutMs: params.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS,
    },
  );
  if (queued.kind === 'key-reused') {
    throw usage(
      `The idempotency key was used for another request (${queued.operation.id}).`,
      'Use a key of its own for each different request.',
    );
  }
  core.wake();
  return queued.operation;
}

/** `provider:/path` or an absolute URL. Plain http leaves this machine only where a provider allows it in words. */
function callTarget(core: SyncCore, target: string): { readonly provider: string | null; readonly url: string } {
  const match = /^([^:/?#]+):(\/(?!\/).*)$/s.exec(target);
  if (match !== null) {
    const [, name = '', path = ''] = match;
    if (core.config.providers[name] === undefined)
      throw usage(`There is no provider "${name}".`, 'Add it to the configuration, or give a whole URL.');
    return { provider: name, url: path };
  }
  const url = URL.canParse(target) ? new URL(target) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw usage(
      `"${target.slice(0, 200)}" is neither a URL nor provider:/path.`,
      'Example: https://api.example.com/items',
    );
  }
  if (url.username !== '' || url.password !== '')
    throw usage('The URL holds a password.', 'Use a provider with auth, or an Authorization header.');
  if (url.protocol === 'http:' && !isLoopback(target)) {
    throw usage(
      'Plain http would send this call readable to all.',
      'Use https, or a provider with allowInsecureHttp: true.',
    );
  }
  return { provider: null, url: url.href };
}

function usage(message: string, hint: string): RpcRefusal {
  return new RpcRefusal({ kind: 'usage', message, hint });
}

function notFound(message: string, hint: string): RpcRefusal {
  return new RpcRefusal({ kind: 'not-found', message, hint });
}

function notAvailable(what: string): RpcRefusal {
  return new RpcRefusal({ kind: 'not-available', message: `${what} is not available yet.`, hint: '' });
}
