import { describe, expect, test } from 'vitest';
import type { EventView, OperationDetail } from '../../../src/protocol/shapes.ts';
import { deletionOf } from '../../../renderer/state/deletion.ts';
import { namedOperation, NOW } from '../../support/protocol-fixtures.ts';

const event = (seq: number, type: string, to: EventView['to'], details: Record<string, unknown> = {}): EventView => ({
  seq,
  id: `event-${seq}`,
  operationId: 'a',
  resourceKey: null,
  type,
  from: null,
  to,
  at: NOW,
  source: 'internal',
  correlationId: null,
  details,
});

const REMOVED = { result: 'deleted', removed: { etag: 'e', versionId: 'v7' }, markerVersionId: 'v8' };

function deleted(details: Record<string, unknown>, change: Partial<OperationDetail> = {}): OperationDetail {
  return {
    ...namedOperation('a', { kind: 'file.delete', state: 'succeeded' }),
    // Not in order: the engine promises none.
    events: [event(3, 'succeeded', 'succeeded', details), event(1, 'queued', 'pending')],
    parts: [],
    steps: [],
    versions: { base: null, remote: null, local: null },
    response: null,
    ...change,
  };
}

describe('undo of a delete', () => {
  test('is offered where the service keeps the version that was removed', () => {
    expect(deletionOf(deleted(REMOVED))).toEqual({ takenBack: false, undoneBy: null });
  });

  test.each([
    ['a bucket without versions', deleted({ ...REMOVED, removed: { etag: 'e', versionId: null } })],
    ['the one version of such a bucket', deleted({ ...REMOVED, removed: { etag: 'e', versionId: 'null' } })],
    ['nothing that was removed', deleted({ result: 'gone' })],
    ['a delete that is not done', deleted(REMOVED, { state: 'waiting' })],
    ['another kind of operation', deleted(REMOVED, { kind: 'file.upload' })],
  ])('is not offered for %s', (_title, detail) => {
    expect(deletionOf(detail)).toBeNull();
  });

  test('is left to the decision where a conflict was decided', () => {
    const detail = deleted(REMOVED);
    const decided = event(2, 'resolved', 'pending', { keep: 'local' });
    expect(deletionOf({ ...detail, events: [...detail.events, decided] })).toBeNull();
  });

  test('says that it was taken, and by what', () => {
    const detail = deleted(REMOVED);
    const undone = event(4, 'undone', null, { operation: 'b' });
    expect(deletionOf({ ...detail, events: [undone, ...detail.events] })).toEqual({ takenBack: true, undoneBy: 'b' });
  });
});
