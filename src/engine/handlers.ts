import type { Clock, EpochMs, Random } from '../core/ports.ts';
import { STATES } from '../core/states.ts';
import { parseCursor, type QueuePage } from '../db/queue-queries.ts';
import type { Sealer } from '../db/seal.ts';
import { FOREVER, type StoredOperation } from '../db/stored-operation.ts';
import type { Method, Params, Result } from '../protocol/contract.ts';
import type { RpcHandlers } from '../protocol/rpc-server.ts';
import type { Refused } from '../sync/commands.ts';
import { undoDecision } from '../sync/conflicts/undo-decision.ts';
import { resolveConflict } from '../sync/resolve-conflict.ts';
import { conflictIds, failedIds, inBatches, whatWaits } from './act-on-many.ts';
import { addToFolder } from './add-to-folder.ts';
import { detailView, versionsView } from './detail-view.ts';
import { enqueueCall } from './enqueue-call.ts';
import { findEvents, findPage } from './find-in-steps.ts';
import { adoptFolder, decideDeletes, massDeletes } from './folder-decisions.ts';
import { requireKnownScope, requireMirror } from './known-scopes.ts';
import { abortOpenUploads, findOpenUploads } from './open-uploads.ts';
import { eventView, isoOrNull, operationView, pauseScope } from './operation-view.ts';
import { notAvailable, notFound, usage } from './refusals.ts';
import { refusingOnFullDisk } from './refuse-on-full-disk.ts';
import { storedFault } from './secret-troubles.ts';
import { statusView, viewContext, type EngineFactsView } from './status-view.ts';
import type { SyncCore } from './sync-core.ts';
import { requireKnown, unknownName } from './unknown-name.ts';

const DEFAULT_PAGE = 100;
/** For the lists of open uploads of all destinations, ms. */
const LIST_TIMEOUT_MS = 60_000;

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
  /** A folder that left the configuration still has its items. */
  const requireFolderOfItems = async (folder: string): Promise<void> => {
    if (desk.core().config.folders.some(({ name }) => name === folder)) return;
    const { items } = await findPage(repos().queue, { states: STATES, order: 'newest', limit: 1, folder });
    if (items.length === 0) throw unknownName(desk.core().config, 'folder', folder);
  };
  const page = async (params: Params<'ls'>): Promise<QueuePage> => {
    if (params.after !== undefined && parseCursor(params.after) === null)
      throw usage(`"${params.after}" is not a page.`, 'Use the "next" of the page before.');
    const { folder } = params;
    if (folder !== undefined) await requireFolderOfItems(folder);
    return findPage(repos().queue, {
      states: params.states ?? STATES,
      order: params.order ?? 'oldest',
      limit: params.limit ?? DEFAULT_PAGE,
      ...(folder === undefined ? {} : { folder }),
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
      const ids = params.failed === true ? await failedIds(desk.core(), params) : params.ids;
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
      if (which.all === true && which.folder !== undefined) await requireFolderOfItems(which.folder);
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
    call: async (params) => {
      const { operation, kind } = enqueueCall(desk.core(), desk, params);
      return { ...view(operation), ...(kind === 'known' ? { known: true } : {}) };
    },
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
      if (configured === undefined) throw unknownName(desk.core().config, 'folder', folder);
      const result = await addToFolder(configured.path, paths);
      desk.core().rescan(folder);
      return result;
    },
    restore: async (params) => {
      const operation = await desk.core().restore(params);
      desk.core().wake();
      return view(operation);
    },
    'deletes.ls': async ({ folder }) => {
      const items = massDeletes(desk.core());
      if (folder === undefined) return { items };
      requireKnown(desk.core().config, 'folder', folder);
      return { items: items.filter((item) => item.folder === folder) };
    },
    'deletes.decide': async ({ folder, decision }) => {
      requireKnown(desk.core().config, 'folder', folder);
      const files = await decideDeletes(desk.core(), clock, folder, decision);
      if (files === null)
        throw notFound(`No deletes of folder "${folder}" wait for a word.`, 'See "longshore deletes" for what waits.');
      return { folder, decision, files };
    },
    'folder.adopt': async ({ folder }) => {
      requireKnown(desk.core().config, 'folder', folder);
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
      if (destination !== undefined) requireKnown(desk.core().config, 'destination', destination);
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
    'secret.ls': async () => {
      const { secrets } = repos();
      const names = secrets.names();
      const faults = names.map((name) => {
        const [header, s3Keys] = [storedFault(secrets, name, 'header'), storedFault(secrets, name, 's3Keys')];
        return [name, { header, s3Keys }] as const;
      });
      return { names, faults: Object.fromEntries(faults) };
    },
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
