/** What needs a person, for people: the same trouble of many items is told once. */
import type { OperationView } from '../protocol/shapes.ts';
import { formatCount } from './format.ts';
import { operationName, operationNote } from './operation-table.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';

/** As many items as this with the same trouble are told together. */
const TOGETHER = 3;
/** So many of them are named. */
const NAMED = 3;

/** Items with the same state and trouble, in the order in which the first of each stands. */
export function sameTrouble(
  operations: readonly OperationView[],
  nowMs: number,
): readonly (readonly [OperationView, ...OperationView[]])[] {
  const groups = new Map<string, [OperationView, ...OperationView[]]>();
  for (const operation of operations) {
    const { state, error } = operation;
    const trouble = `${state} ${error?.code ?? operationNote(operation, nowMs)}`;
    const group = groups.get(trouble);
    if (group === undefined) groups.set(trouble, [operation]);
    else group.push(operation);
  }
  return [...groups.values()];
}

/** One block an item, or one for many of them; indented by two. */
export function attentionLines(operations: readonly OperationView[], style: Style, nowMs: number): readonly string[] {
  const lines: string[] = [];
  for (const group of sameTrouble(operations, nowMs)) {
    if (group.length < TOGETHER) {
      for (const operation of group) {
        lines.push(`  ${operation.id}  ${style('bad', operation.state)}  ${operationName(operation)}`);
        lines.push(...troubleLines([operation], style, nowMs));
      }
      continue;
    }
    const [{ state }] = group;
    lines.push(`  ${style('bad', state)}  ${formatCount(group.length, 'item')}`);
    lines.push(...troubleLines(group, style, nowMs));
    for (const operation of group.slice(0, NAMED)) lines.push(`      ${operation.id}  ${operationName(operation)}`);
    const more = group.length - NAMED;
    if (more > 0) lines.push(`      and ${formatCount(more, 'more', 'more')}: longshore ls --state ${state}`);
  }
  return lines;
}

/** What happened, the words that came with it where they are the same for all, and what to do. */
function troubleLines(
  [first, ...others]: readonly [OperationView, ...OperationView[]],
  style: Style,
  nowMs: number,
): readonly string[] {
  const { error } = first;
  const detail = others.every((other) => other.error?.detail === error?.detail) ? error?.detail : null;
  const further = [detail ?? '', error?.hint ?? ''].filter((words) => words !== '');
  return [operationNote(first, nowMs), ...further.map((words) => style('faint', printable(words)))].map(
    (line) => `    ${line}`,
  );
}
