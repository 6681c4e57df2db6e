/** What people do to operations, and how the window tells what came of it. */
import type { BridgeReply, LongshoreBridge } from '../../src/protocol/bridge.ts';
import type { Params, RpcFailure } from '../../src/protocol/contract.ts';
import type { Request } from '../bridge/rpc-client.ts';
import type { Language } from '../i18n/language.ts';
import type { ItemAction } from '../state/item-actions.ts';
import type { Store } from '../state/store.ts';
import type { Action, WindowState } from '../state/window-state.ts';

export interface ItemCommands {
  run(action: ItemAction, ids: readonly string[]): Promise<void>;
  retryAllFailed(): Promise<void>;
  /** Copies dropped files into a folder and names those that were refused. */
  addToFolder(folder: string, paths: readonly string[]): Promise<void>;
  /** Shows a failure; does nothing on success. */
  readonly tell: (reply: BridgeReply<unknown>) => void;
  /** At most this long; null until resumed. */
  pauseAll(forMs: number | null): Promise<void>;
  resumeAll(): Promise<void>;
  pauseFolder(folder: string, paused: boolean): Promise<void>;
  /** A word on a mass delete. True when it was taken. */
  decideDeletes(folder: string, decision: 'delete' | 'keep'): Promise<boolean>;
  /** What stands at the folder's root is the right one. True when it was taken. */
  adoptFolder(folder: string): Promise<boolean>;
  /** Takes a decision about a conflict back. Resolves with the operation that does it, null when it was refused. */
  undo(id: string, what: 'decision' | 'deletion'): Promise<string | null>;
}

interface Refusal {
  readonly name: string;
  readonly reason: string;
}

/** Refusals that a toast names; the rest is counted. */
const MAX_NAMED = 5;
/** Ids in one request of the contract. */
const MAX_IDS = 10_000;
/** Paths in one request of the contract. */
const MAX_PATHS = 1000;

function lastName(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path;
}

export function createItemCommands(
  bridge: LongshoreBridge,
  request: Request,
  store: Store<WindowState, Action>,
  { m, f }: Language,
): ItemCommands {
  function toast(tone: 'ok' | 'bad', title: string, lines: readonly string[] = []): void {
    store.dispatch({ type: 'toast', toast: { tone, title, lines } });
  }

  function tellFailure(failure: RpcFailure): void {
    toast(
      'bad',
      m.result.failed,
      [failure.message, failure.hint].filter((line) => line !== ''),
    );
  }

  function tell(reply: BridgeReply<unknown>): void {
    if (!reply.ok) tellFailure(reply.error);
  }

  function nameOf(id: string): string {
    for (const section of Object.values(store.get().queue)) {
      const row = section.rows.find((one) => one.id === id);
      if (row !== undefined) return row.path === null ? (row.resourceKey ?? id) : lastName(row.path);
    }
    return id;
  }

  function tellRefused(refused: readonly Refusal[], title: (n: string, count: number) => string): void {
    if (refused.length === 0) return;
    const named = refused.slice(0, MAX_NAMED).map(({ name, reason }) => `${name}: ${reason}`);
    const rest = refused.length - named.length;
    toast(
      'bad',
      title(f.count(refused.length), refused.length),
      rest > 0 ? [...named, m.drop.more(f.count(rest))] : named,
    );
  }

  function tellOutcome(
    done: readonly string[],
    refused: readonly { readonly id: string; readonly reason: string }[],
    title: (n: string, count: number) => string,
  ): void {
    // One item's new state is seen in its row; only several are worth a word.
    if (done.length > 1) toast('ok', title(f.count(done.length), done.length));
    tellRefused(
      refused.map(({ id, reason }) => ({ name: nameOf(id), reason })),
      m.result.refused,
    );
  }

  async function retry(ids: readonly string[], extra: { failed?: true; newKey?: true }): Promise<void> {
    const reply = await request('retry', { ids: [...ids], ...extra });
    if (reply.ok) tellOutcome(reply.result.retried, reply.result.refused, m.result.retried);
    else tellFailure(reply.error);
  }

  async function cancel(ids: readonly string[]): Promise<void> {
    const reply = await request('cancel', { ids: [...ids] });
    if (reply.ok) tellOutcome(reply.result.cancelled, reply.result.refused, m.result.cancelled);
    else tellFailure(reply.error);
  }

  async function resolve(ids: readonly string[], keep: 'local' | 'remote' | 'both'): Promise<void> {
    const reply = await request('resolve', { ids: [...ids], keep });
    if (reply.ok) tellOutcome(reply.result.resolved, reply.result.refused, m.result.resolved);
    else tellFailure(reply.error);
  }

  /** The answer is the whole state, so there is no need to wait for the next change. */
  async function setPaused(scope: Params<'pause'>['scope'], paused: boolean, forMs: number | null): Promise<void> {
    const reply = paused ? await request('pause', { scope, forMs }) : await request('resume', { scope });
    if (reply.ok) store.dispatch({ type: 'status', status: reply.result });
    else tellFailure(reply.error);
  }

  async function runOnce(action: ItemAction, ids: readonly string[]): Promise<void> {
    switch (action) {
      case 'retry':
        return retry(ids, {});
      case 'retry-new-key':
        return retry(ids, { newKey: true });
      case 'cancel':
        return cancel(ids);
      case 'keep-local':
      case 'delete-theirs':
      case 'upload-again':
        return resolve(ids, 'local');
      case 'keep-remote':
      case 'leave-deleted':
        return resolve(ids, 'remote');
      case 'keep-both':
        return resolve(ids, 'both');
      case 'pause':
      case 'resume':
        for (const id of ids) await setPaused({ id }, action === 'pause', null);
        return;
      case 'reveal':
        for (const id of ids.slice(0, 1)) tell(await bridge.shell.reveal(id));
        return;
      case 'open-remote':
        for (const id of ids.slice(0, 1)) tell(await bridge.shell.openRemote(id));
    }
  }

  return {
    tell,
    async run(action, ids) {
      for (let at = 0; at < ids.length; at += MAX_IDS) await runOnce(action, ids.slice(at, at + MAX_IDS));
    },
    retryAllFailed: () => retry([], { failed: true }),
    pauseAll: (forMs) => setPaused({}, true, forMs),
    resumeAll: () => setPaused({}, false, null),
    pauseFolder: (folder, paused) => setPaused({ folder }, paused, null),
    async decideDeletes(folder, decision) {
      const reply = await request('deletes.decide', { folder, decision });
      if (!reply.ok) {
        tellFailure(reply.error);
        return false;
      }
      const { files } = reply.result;
      const title = decision === 'delete' ? m.guard.willDelete : m.guard.kept;
      toast('ok', title(f.count(files), files));
      return true;
    },
    async adoptFolder(folder) {
      const reply = await request('folder.adopt', { folder });
      if (reply.ok) toast('ok', m.frozen.adopted(folder));
      else tellFailure(reply.error);
      return reply.ok;
    },
    async undo(id, what) {
      const reply = await request('undo', { ids: [id] });
      if (!reply.ok) {
        tellFailure(reply.error);
        return null;
      }
      tellRefused(
        reply.result.refused.map(({ reason }) => ({ name: nameOf(id), reason })),
        m.decision.notUndone,
      );
      const [undone] = reply.result.undone;
      if (undone !== undefined) toast('ok', m[what].undone, [m[what].undoneHow]);
      return undone?.operationId ?? null;
    },
    async addToFolder(folder, paths) {
      if (paths.length === 0) {
        toast('bad', m.drop.noPaths);
        return;
      }
      let copied = 0;
      const refused: Refusal[] = [];
      for (let at = 0; at < paths.length; at += MAX_PATHS) {
        const reply = await request('folder.add', { folder, paths: paths.slice(at, at + MAX_PATHS) });
        if (!reply.ok) {
          toast(
            'bad',
            m.drop.failed,
            [reply.error.message, reply.error.hint].filter((line) => line !== ''),
          );
          break;
        }
        copied += reply.result.copied;
        refused.push(...reply.result.refused.map(({ path, reason }) => ({ name: lastName(path), reason })));
      }
      if (copied > 0) toast('ok', m.drop.copied(f.count(copied), copied, folder));
      tellRefused(refused, m.drop.refused);
    },
  };
}
