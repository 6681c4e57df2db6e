import type { OperationDetail } from '../../src/protocol/shapes.ts';

export type PartState = 'done' | 'busy' | 'todo';

export interface PartsMap {
  readonly done: number;
  readonly total: number;
  /** Parts that one square stands for. */
  readonly perSquare: number;
  readonly squares: readonly { readonly first: number; readonly state: PartState }[];
}

/** Squares that still can be told apart in the drawer. */
const MAX_SQUARES = 400;

/** How many parts seem to be on their way: the bytes beyond the finished parts, in parts, while it runs. */
function busyParts(detail: OperationDetail, doneBytes: number, partBytes: number): number {
  if (detail.state !== 'running') return 0;
  const onTheWay = Math.max(0, detail.bytesDone - doneBytes);
  return partBytes === 0 ? 0 : Math.max(1, Math.ceil(onTheWay / partBytes));
}

/**
 * The parts of an upload for drawing. Which parts are being sent is not told by the engine; parts are sent in order, so
 * the first unfinished ones are shown as such.
 */
export function partsMap(detail: OperationDetail): PartsMap | null {
  const parts = detail.parts.toSorted((a, b) => a.number - b.number);
  const first = parts[0];
  if (first === undefined) return null;
  const finished = parts.filter((part) => part.doneAt !== null);
  const doneBytes = finished.reduce((sum, part) => sum + part.sizeBytes, 0);
  let busyLeft = busyParts(detail, doneBytes, first.sizeBytes);
  const states = parts.map((part): PartState => {
    if (part.doneAt !== null) return 'done';
    if (busyLeft === 0) return 'todo';
    busyLeft -= 1;
    return 'busy';
  });
  const perSquare = Math.ceil(parts.length / MAX_SQUARES);
  const squares: { first: number; state: PartState }[] = [];
  for (let at = 0; at < states.length; at += perSquare) {
    const group = states.slice(at, at + perSquare);
    const state = group.every((one) => one === 'done') ? 'done' : group.some((one) => one !== 'todo') ? 'busy' : 'todo';
    squares.push({ first: parts[at]?.number ?? at + 1, state });
  }
  return { done: finished.length, total: parts.length, perSquare, squares };
}
