import { useEffect, useState } from 'react';
import type { RpcFailure } from '../../src/protocol/contract.ts';
import { SECTIONS } from '../../src/protocol/contract.ts';
import type { OperationDetail, OperationView } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import type { Queue } from '../state/queue-sections.ts';

export interface DetailState {
  readonly detail: OperationDetail | null;
  readonly failure: RpcFailure | null;
}

/** The details are asked for at most this often while the operation changes. */
const REFRESH_PAUSE_MS = 500;
/** And this often in any case: an operation that is in no loaded section sends no changes here. */
const REFRESH_ANYWAY_MS = 5000;

function findLoaded(queue: Queue, id: string): OperationView | null {
  for (const section of SECTIONS) {
    const row = queue[section].rows.find((one) => one.id === id);
    if (row !== undefined) return row;
  }
  return null;
}

/** One operation with everything known of it, live while it is shown. */
export function useOperationDetail(id: string): DetailState {
  const { request, store } = useApp();
  const [state, setState] = useState<DetailState>({ detail: null, failure: null });
  useEffect(() => {
    let stopped = false;
    let busy = false;
    let last = 0;
    let timer: ReturnType<typeof setTimeout> | null = null;
    let seen = findLoaded(store.get().queue, id);

    async function load(): Promise<void> {
      if (busy) return;
      busy = true;
      last = Date.now();
      const reply = await request('show', { id });
      busy = false;
      if (stopped) return;
      setState((before) =>
        reply.ok ? { detail: reply.result, failure: null } : { detail: before.detail, failure: reply.error },
      );
      schedule(REFRESH_ANYWAY_MS);
    }
    function schedule(afterMs: number): void {
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(() => void load(), afterMs);
    }
    const unsubscribe = store.subscribe(() => {
      const row = findLoaded(store.get().queue, id);
      if (row === null || row === seen) return;
      seen = row;
      setState((before) => (before.detail === null ? before : { ...before, detail: { ...before.detail, ...row } }));
      schedule(Math.max(0, last + REFRESH_PAUSE_MS - Date.now()));
    });
    void load();
    return () => {
      stopped = true;
      unsubscribe();
      if (timer !== null) clearTimeout(timer);
    };
  }, [id, request, store]);
  return state;
}
