import { describe, expect, test } from 'vitest';
import type { OperationView } from '../../../src/protocol/shapes.ts';
import { STATES } from '../../../src/core/states.ts';
import type { Queue, Section } from '../../../renderer/state/queue-sections.ts';
import { applyChanges, applyPage, EMPTY_QUEUE, sectionOf } from '../../../renderer/state/queue-sections.ts';
import { namedOperation } from '../../support/protocol-fixtures.ts';

const NO_FILTER = { search: '', folder: null };

function loaded(pages: Partial<Record<Section, { items: OperationView[]; next: string | null }>>): Queue {
  let queue = EMPTY_QUEUE;
  for (const section of ['attention', 'active', 'waiting', 'done'] as const) {
    queue = applyPage(queue, section, pages[section] ?? { items: [], next: null }, true);
  }
  return queue;
}

function ids(queue: Queue, section: Section): string[] {
  return queue[section].rows.map((row) => row.id);
}

describe('sections of the queue', () => {
  test('every state belongs to exactly one section', () => {
    expect(STATES.map((state) => [state, sectionOf(state)])).toEqual([
      ['pending', 'waiting'],
      ['running', 'active'],
      ['waiting', 'waiting'],
      ['conflict', 'attention'],
      ['failed', 'attention'],
      ['compensating', 'active'],
      ['succeeded', 'done'],
      ['cancelled', 'done'],
      ['superseded', 'done'],
    ]);
  });

  test('a page is appended without repeating rows that are already there', () => {
    const first = loaded({ waiting: { items: [namedOperation('a'), namedOperation('b')], next: 'b' } });
    const second = applyPage(
      first,
      'waiting',
      { items: [namedOperation('b'), namedOperation('c')], next: null },
      false,
    );
    expect(ids(second, 'waiting')).toEqual(['a', 'b', 'c']);
    expect(second.waiting.next).toBeNull();
  });

  test('a row that arrives in a page of another section leaves the old one', () => {
    const queue = loaded({ waiting: { items: [namedOperation('a'), namedOperation('b')], next: null } });
    const after = applyPage(queue, 'active', { items: [namedOperation('a', { state: 'running' })], next: null }, true);
    expect(ids(after, 'waiting')).toEqual(['b']);
    expect(ids(after, 'active')).toEqual(['a']);
  });
});

describe('changes', () => {
  test('a change in place keeps the order and the identity of all other rows and sections', () => {
    const queue = loaded({
      active: {
        items: [namedOperation('a', { state: 'running' }), namedOperation('b', { state: 'running' })],
        next: null,
      },
      waiting: { items: [namedOperation('c')], next: null },
    });
    const after = applyChanges(queue, [namedOperation('a', { state: 'running', bytesDone: 5 })], NO_FILTER);
    expect(ids(after, 'active')).toEqual(['a', 'b']);
    expect(after.active.rows[0]?.bytesDone).toBe(5);
    expect(after.active.rows[1]).toBe(queue.active.rows[1]);
    expect(after.waiting).toBe(queue.waiting);
  });

  test('an operation moves from waiting over active to the top of done', () => {
    const queue = loaded({
      waiting: { items: [namedOperation('a'), namedOperation('b')], next: null },
      done: { items: [namedOperation('z', { state: 'succeeded' })], next: null },
    });
    const running = applyChanges(queue, [namedOperation('a', { state: 'running' })], NO_FILTER);
    expect([ids(running, 'waiting'), ids(running, 'active')]).toEqual([['b'], ['a']]);
    const done = applyChanges(running, [namedOperation('a', { state: 'succeeded' })], NO_FILTER);
    expect([ids(done, 'active'), ids(done, 'done')]).toEqual([[], ['a', 'z']]);
  });

  test('waiting rows are put in by age; what lies beyond the loaded rows waits for its page', () => {
    const open = loaded({ waiting: { items: [namedOperation('b'), namedOperation('d')], next: 'd' } });
    const after = applyChanges(open, [namedOperation('c'), namedOperation('a'), namedOperation('e')], NO_FILTER);
    expect(ids(after, 'waiting')).toEqual(['a', 'b', 'c', 'd']);
    const closed = loaded({ waiting: { items: [namedOperation('b')], next: null } });
    expect(ids(applyChanges(closed, [namedOperation('e')], NO_FILTER), 'waiting')).toEqual(['b', 'e']);
  });

  test('a filter keeps out what does not match, and takes out what no longer does', () => {
    const queue = loaded({ waiting: { items: [namedOperation('report')], next: null } });
    const filter = { search: 'REPORT', folder: 'drop' };
    const other = namedOperation('report-2', { folder: 'scans' });
    const after = applyChanges(queue, [namedOperation('image'), other, namedOperation('report-3')], filter);
    expect(ids(after, 'waiting')).toEqual(['report', 'report-3']);
    const renamed = applyChanges(after, [namedOperation('report', { path: 'x.txt', resourceKey: 'x' })], filter);
    expect(ids(renamed, 'waiting')).toEqual(['report-3']);
  });

  test('a section that is not loaded yet takes no changes: its first page brings them', () => {
    expect(applyChanges(EMPTY_QUEUE, [namedOperation('a')], NO_FILTER)).toBe(EMPTY_QUEUE);
  });

  test('a change looks at each of a hundred thousand loaded rows only a few times', () => {
    let looks = 0;
    const items = Array.from({ length: 100_000 }, (_, index) => {
      const id = String(index).padStart(6, '0');
      return Object.defineProperty(namedOperation(id), 'id', {
        enumerable: true,
        get: () => {
          looks += 1;
          return id;
        },
      });
    });
    const queue = loaded({ waiting: { items, next: null } });
    looks = 0;
    const after = applyChanges(queue, [namedOperation('050000', { state: 'running' })], NO_FILTER);
    expect(looks / items.length).toBeLessThanOrEqual(3);
    expect(after.waiting.rows).toHaveLength(99_999);
    expect(ids(after, 'active')).toEqual(['050000']);
  });
});
