import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventQuery, EventsRepo, StoredEvent } from '../db/events-repo.ts';
import { cursorBehind, isFiltered, type QueuePage, type QueueQueries, type QueueQuery } from '../db/queue-queries.ts';
import type { StoredOperation } from '../db/stored-operation.ts';

/** Events that one step of a search by time looks at: a millisecond or two. */
const SEARCHED_EVENTS = 5000;

/** A search may look at a million rows for one page: between its steps the engine's own work gets its turn. */
export async function findPage(queue: QueueQueries, query: QueueQuery): Promise<QueuePage> {
  if (!isFiltered(query)) return queue.page(query);
  const found: StoredOperation[] = [];
  // One more tells whether there is a next page.
  const wanted = query.limit + 1;
  for (let after = query.after ?? null; ; await nextTurn()) {
    const step = queue.search({ ...query, limit: wanted - found.length, ...(after === null ? {} : { after }) });
    found.push(...step.items);
    after = step.next;
    if (after === null || found.length >= wanted) break;
  }
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  return { items, next: found.length > items.length && last !== undefined ? cursorBehind(last) : null };
}

/** What happened since some time may stand behind millions of older events: they are passed over in steps. */
export async function findEvents(events: EventsRepo, query: EventQuery): Promise<StoredEvent[]> {
  if (query.since === undefined || query.operationId !== undefined) return events.list(query);
  const found: StoredEvent[] = [];
  const last = events.lastSeq();
  for (let afterSeq = Math.max(query.afterSeq ?? 0, events.firstSeq() - 1); afterSeq < last; await nextTurn()) {
    const throughSeq = afterSeq + SEARCHED_EVENTS;
    found.push(...events.list({ ...query, afterSeq, throughSeq, limit: query.limit - found.length }));
    if (found.length >= query.limit) break;
    afterSeq = throughSeq;
  }
  return found;
}
