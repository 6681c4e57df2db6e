/** Everything that the window shows, and the one function that changes it. The engine holds the truth. */
import type { EngineHostState } from '../../src/protocol/bridge.ts';
import type { OperationView, StatusView } from '../../src/protocol/shapes.ts';
import type { Batch } from './batch.ts';
import { followBatch, NO_BATCH } from './batch.ts';
import type { QueueTab } from './queue-lines.ts';
import type { Queue, QueueFilter, Section } from './queue-sections.ts';
import { applyChanges, applyPage, EMPTY_QUEUE, markLoading } from './queue-sections.ts';
import type { Selection } from './selection.ts';
import { NO_SELECTION } from './selection.ts';

export type ViewName = 'queue' | 'folders';

export interface Toast {
  readonly id: number;
  readonly tone: 'ok' | 'bad';
  readonly title: string;
  readonly lines: readonly string[];
}

export interface WindowState {
  readonly host: EngineHostState;
  /** False while the engine does not answer; what is shown is then what was last known. */
  readonly linked: boolean;
  readonly status: StatusView | null;
  readonly batch: Batch;
  readonly queue: Queue;
  readonly filter: QueueFilter;
  /** Grows with the filter, so that pages asked for under an older one are dropped. */
  readonly generation: number;
  readonly view: ViewName;
  readonly tab: QueueTab;
  readonly selection: Selection;
  /** The operation in the drawer. */
  readonly openId: string | null;
  readonly toasts: readonly Toast[];
  readonly toastCount: number;
}

export const INITIAL_STATE: WindowState = {
  host: { state: 'starting', message: null, nextTryAt: null },
  linked: false,
  status: null,
  batch: NO_BATCH,
  queue: EMPTY_QUEUE,
  filter: { search: '', folder: null },
  generation: 0,
  view: 'queue',
  tab: 'all',
  selection: NO_SELECTION,
  openId: null,
  toasts: [],
  toastCount: 0,
};

export type Action =
  | { readonly type: 'host'; readonly host: EngineHostState }
  | { readonly type: 'unlinked' }
  | { readonly type: 'status'; readonly status: StatusView }
  | { readonly type: 'changes'; readonly status: StatusView | null; readonly operations: readonly OperationView[] }
  | { readonly type: 'page-asked'; readonly section: Section }
  | {
      readonly type: 'page';
      readonly generation: number;
      readonly section: Section;
      /** The cursor that was asked with; null for the beginning. */
      readonly after: string | null;
      readonly page: { readonly items: readonly OperationView[]; readonly next: string | null };
    }
  | { readonly type: 'page-failed'; readonly section: Section }
  | { readonly type: 'filter'; readonly filter: QueueFilter }
  | { readonly type: 'view'; readonly view: ViewName }
  | { readonly type: 'tab'; readonly tab: QueueTab }
  | { readonly type: 'select'; readonly selection: Selection }
  | { readonly type: 'open'; readonly id: string | null }
  | { readonly type: 'toast'; readonly toast: Omit<Toast, 'id'> }
  | { readonly type: 'toast-gone'; readonly id: number };

/** Toasts on screen at once; older ones make room. */
const MAX_TOASTS = 4;

function withStatus(state: WindowState, status: StatusView): WindowState {
  return { ...state, linked: true, status, batch: followBatch(state.batch, status, state.status === null) };
}

export function reduceWindow(state: WindowState, action: Action): WindowState {
  switch (action.type) {
    case 'host':
      return { ...state, host: action.host, linked: state.linked && action.host.state === 'running' };
    case 'unlinked':
      return state.linked ? { ...state, linked: false } : state;
    case 'status':
      return withStatus(state, action.status);
    case 'changes': {
      const queue = applyChanges(state.queue, action.operations, state.filter);
      const next = action.status === null ? state : withStatus(state, action.status);
      return queue === next.queue ? next : { ...next, queue };
    }
    case 'page-asked':
      return { ...state, queue: markLoading(state.queue, action.section, true) };
    case 'page-failed':
      return { ...state, queue: markLoading(state.queue, action.section, false) };
    case 'page':
      if (action.generation !== state.generation) return state;
      // A page that no longer follows the loaded rows (they were loaded afresh meanwhile) would leave a hole.
      if (action.after !== null && action.after !== state.queue[action.section].next) return state;
      return { ...state, queue: applyPage(state.queue, action.section, action.page, action.after === null) };
    case 'filter':
      return { ...state, filter: action.filter, generation: state.generation + 1, selection: NO_SELECTION };
    case 'view':
      return { ...state, view: action.view };
    case 'tab':
      return { ...state, tab: action.tab, selection: NO_SELECTION };
    case 'select':
      return { ...state, selection: action.selection };
    case 'open':
      return { ...state, openId: action.id };
    case 'toast': {
      const toasts = [...state.toasts, { ...action.toast, id: state.toastCount }].slice(-MAX_TOASTS);
      return { ...state, toasts, toastCount: state.toastCount + 1 };
    }
    case 'toast-gone':
      return { ...state, toasts: state.toasts.filter((toast) => toast.id !== action.id) };
  }
}
