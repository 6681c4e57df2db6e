import type { OperationView } from '../src/protocol/shapes.ts';

/** As many as fit into a menu. */
const shownItems = 3;
/** More need not be remembered: the engine runs few at once. */
const rememberedItems = 64;

export type ActiveItems = ReadonlyMap<string, OperationView>;
export const NO_ACTIVE_ITEMS: ActiveItems = new Map();

/** What runs after these operations have changed. */
export function nextActiveItems(active: ActiveItems, changed: readonly OperationView[]): ActiveItems {
  const next = new Map(active);
  for (const operation of changed) {
    if (operation.state !== 'running') next.delete(operation.id);
    else if (next.has(operation.id) || next.size < rememberedItems) next.set(operation.id, operation);
  }
  return next;
}

export interface ActiveLine {
  readonly kind: OperationView['kind'];
  readonly name: string;
  /** In steps of 10, so that a menu does not change all the time; null when it is unknown. */
  readonly percent: number | null;
}

/** The few that are shown: those that run longest. */
export function activeLines(active: ActiveItems): readonly ActiveLine[] {
  return [...active.values()].slice(0, shownItems).map((operation) => ({
    kind: operation.kind,
    name: (operation.path ?? operation.resourceKey ?? operation.kind).split('/').at(-1) ?? operation.kind,
    percent:
      operation.bytesTotal === null || operation.bytesTotal === 0 || operation.phase === 'copying'
        ? null
        : Math.min(100, Math.floor((operation.bytesDone / operation.bytesTotal) * 10) * 10),
  }));
}
