/**
 * Keeps the window's state in step with the engine: a subscription and first pages, then numbered changes; a gap, or an
 * engine that came back, means a fresh snapshot. Nothing here draws.
 */
import type { LongshoreBridge } from '../../src/protocol/bridge.ts';
import type { Notification } from '../../src/protocol/contract.ts';
import { SECTION_STATES, SECTIONS } from '../../src/protocol/contract.ts';
import type { Request } from '../bridge/rpc-client.ts';
import { decodeChanged } from '../bridge/rpc-client.ts';
import type { Section } from './queue-sections.ts';
import { orderOf } from './queue-sections.ts';
import { judgeSequence } from './sequence.ts';
import type { Store } from './store.ts';
import type { Action, WindowState } from './window-state.ts';

const PAGE_ROWS = 100;
/** Largest page of the contract: what a reload asks for at most. */
const MAX_PAGE_ROWS = 1000;
/** A reload after "too many changes to list" happens at most this often. */
const RELOAD_PAUSE_MS = 1000;
const RETRY_MS = 1000;
/** Changes that arrive while the subscription is being made wait here; more than this is a gap anyway. */
const MAX_HELD = 50;

export interface Connection {
  loadMore(section: Section): void;
  /** After the filter changed. */
  reload(): void;
  stop(): void;
}

export function connect(
  bridge: Pick<LongshoreBridge, 'onNotification' | 'onEngineState'>,
  request: Request,
  store: Store<WindowState, Action>,
): Connection {
  let seen: number | null = null;
  let held: Notification<'changed'>[] = [];
  let snapshotting = false;
  let again = false;
  let stopped = false;
  let reloadTimer: ReturnType<typeof setTimeout> | null = null;
  let retryTimer: ReturnType<typeof setTimeout> | null = null;
  let lastReload = 0;

  async function loadPage(section: Section, after: string | null, limit: number): Promise<void> {
    const { filter, generation } = store.get();
    store.dispatch({ type: 'page-asked', section });
    const reply = await request('ls', {
      states: [...SECTION_STATES[section]],
      order: orderOf(section),
      limit,
      ...(filter.search === '' ? {} : { search: filter.search }),
      ...(filter.folder === null ? {} : { folder: filter.folder }),
      ...(after === null ? {} : { after }),
    });
    if (stopped) return;
    if (reply.ok) {
      store.dispatch({ type: 'page', generation, section, after, page: reply.result });
    } else {
      store.dispatch({ type: 'page-failed', section });
    }
  }

  async function loadHeads(): Promise<void> {
    lastReload = Date.now();
    const { tab, queue } = store.get();
    await Promise.all(
      SECTIONS.map((section) => {
        // What the reader has scrolled through stays loaded, within one page of the contract.
        const wanted = section === tab ? queue[section].rows.length : 0;
        return loadPage(section, null, Math.max(PAGE_ROWS, Math.min(MAX_PAGE_ROWS, wanted)));
      }),
    );
  }

  function apply(change: Notification<'changed'>): void {
    if (seen === null) {
      if (held.length < MAX_HELD) held.push(change);
      return;
    }
    const judged = judgeSequence(seen, change.seq);
    if (judged === 'stale') return;
    if (judged === 'gap') {
      void snapshot();
      return;
    }
    seen = change.seq;
    store.dispatch({ type: 'changes', status: change.status, operations: change.operations });
    if (change.more) reloadSoon();
  }

  function needsAnother(): boolean {
    return again && !stopped;
  }

  async function snapshot(): Promise<void> {
    if (snapshotting) {
      again = true;
      return;
    }
    snapshotting = true;
    try {
      for (;;) {
        again = false;
        seen = null;
        held = [];
        const reply = await request('subscribe', { changes: true, events: false });
        if (stopped) return;
        if (!reply.ok) {
          store.dispatch({ type: 'unlinked' });
          retryLater();
          return;
        }
        seen = reply.result.seq;
        store.dispatch({ type: 'status', status: reply.result.status });
        const waiting = held;
        held = [];
        for (const change of waiting) apply(change);
        await loadHeads();
        if (!needsAnother()) return;
      }
    } finally {
      snapshotting = false;
    }
  }

  function retryLater(): void {
    if (retryTimer !== null) clearTimeout(retryTimer);
    retryTimer = setTimeout(() => {
      retryTimer = null;
      // While the host says that nothing runs, its next word starts us; this covers a request that was lost.
      if (!stopped && store.get().host.state === 'running') void snapshot();
    }, RETRY_MS);
  }

  function reloadSoon(): void {
    if (reloadTimer !== null) return;
    reloadTimer = setTimeout(
      () => {
        reloadTimer = null;
        if (!stopped) void loadHeads();
      },
      Math.max(0, lastReload + RELOAD_PAUSE_MS - Date.now()),
    );
  }

  const offNotification = bridge.onNotification((notification) => {
    if (notification.name !== 'changed') return;
    const change = decodeChanged(notification.params);
    if (change === null) void snapshot();
    else apply(change);
  });
  const offState = bridge.onEngineState((host) => {
    const before = store.get();
    store.dispatch({ type: 'host', host });
    if (host.state !== 'running') seen = null;
    else if (before.host.state !== 'running' || !before.linked) void snapshot();
  });

  return {
    loadMore(section) {
      const { next, loading } = store.get().queue[section];
      if (next !== null && !loading) void loadPage(section, next, PAGE_ROWS);
    },
    reload() {
      void loadHeads();
    },
    stop() {
      stopped = true;
      offNotification();
      offState();
      if (reloadTimer !== null) clearTimeout(reloadTimer);
      if (retryTimer !== null) clearTimeout(retryTimer);
    },
  };
}
