import type { OperationView } from '../../src/protocol/shapes.ts';

/** What an item is called, and where it lies. */
export interface ItemName {
  readonly name: string;
  readonly place: string;
}

export function itemName(op: OperationView): ItemName {
  if (op.path === null) return { name: op.resourceKey ?? op.id, place: op.folder ?? '' };
  const cut = op.path.lastIndexOf('/');
  const directory = cut < 0 ? '' : op.path.slice(0, cut);
  const place = [op.folder, directory].filter((part) => part !== null && part !== '').join(' / ');
  return { name: op.path.slice(cut + 1), place };
}
