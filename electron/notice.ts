import type { OperationView, StatusView } from '../src/protocol/shapes.ts';

/** What is told by a desktop notification. */
export type Notice =
  | { readonly kind: 'conflict'; readonly count: number; readonly name: string }
  | {
      readonly kind: 'failed';
      readonly count: number;
      readonly code: string;
      readonly name: string;
      readonly message: string;
    }
  | { readonly kind: 'mass-delete'; readonly folder: string; readonly count: number; readonly of: number }
  | { readonly kind: 'finished'; readonly count: number };

/** What has been told, so that nothing is told twice. */
export interface NoticeMemory {
  /** When a kind of error (its code) was last told, epoch ms. */
  readonly toldAtMs: ReadonlyMap<string, number>;
  /** Counts of the status before; null before the first. */
  readonly counts: StatusView['counts'] | null;
  /** Mass deletes that wait, by folder: since when. */
  readonly heldSince: ReadonlyMap<string, string>;
}

export const NO_NOTICES: NoticeMemory = { toldAtMs: new Map(), counts: null, heldSince: new Map() };

/** The same kind of trouble is told again only after this time. */
const quietMs = 60 * 60_000;
/** A file or two that went up need no word. */
const worthTelling = 5;

function nameOf(operation: OperationView | undefined): string {
  return (operation?.path ?? operation?.resourceKey ?? operation?.kind ?? '').split('/').at(-1) ?? '';
}

/** Mass deletes that were not there before: a question to a person is told each time, and once. */
function newlyHeld(status: StatusView, before: NoticeMemory['heldSince']): Notice[] {
  return status.folders.flatMap(({ name, guard }): Notice[] =>
    guard === null || before.get(name) === guard.since
      ? []
      : [{ kind: 'mass-delete', folder: name, count: guard.count, of: guard.of }],
  );
}

/**
 * What to tell after a change: mass deletes that wait for a word, conflicts and failures in groups, the first of their kind in an hour, and the end of a
 * batch. What stood there already when Longshore started is no news.
 */
export function nextNotices(
  memory: NoticeMemory,
  change: {
    readonly status: StatusView;
    readonly operations: readonly OperationView[];
    readonly finished: number;
    readonly nowMs: number;
  },
): { readonly memory: NoticeMemory; readonly notices: readonly Notice[] } {
  const { status, operations, finished, nowMs } = change;
  const before = memory.counts;
  const toldAtMs = new Map([...memory.toldAtMs].filter(([, at]) => nowMs - at < quietMs));
  const notices: Notice[] = [];
  const tellOnce = (key: string, notice: Notice): void => {
    if (toldAtMs.has(key)) return;
    toldAtMs.set(key, nowMs);
    notices.push(notice);
  };
  const heldSince = new Map(
    status.folders.flatMap(({ name, guard }) => (guard === null ? [] : [[name, guard.since] as const])),
  );
  if (before !== null) {
    notices.push(...newlyHeld(status, memory.heldSince));
    const conflicts = status.counts.conflict - before.conflict;
    if (conflicts > 0) {
      const first = operations.find((operation) => operation.state === 'conflict');
      tellOnce('conflict', { kind: 'conflict', count: conflicts, name: nameOf(first) });
    }
    const failed = status.counts.failed - before.failed;
    if (failed > 0) {
      for (const [code, group] of byCode(operations)) {
        const [first] = group;
        const message = first?.error?.message ?? '';
        tellOnce(`failed ${code}`, { kind: 'failed', count: group.length, code, name: nameOf(first), message });
      }
    }
    if (finished >= worthTelling && notices.length === 0) notices.push({ kind: 'finished', count: finished });
  }
  return { memory: { toldAtMs, counts: status.counts, heldSince }, notices };
}

function byCode(operations: readonly OperationView[]): Map<string, OperationView[]> {
  const failed = operations.filter((operation) => operation.state === 'failed');
  return Map.groupBy(failed, (operation) => operation.error?.code ?? 'internal.unknown');
}
