import type { Clock } from '../core/ports.ts';
import type { RpcConnection } from '../protocol/rpc-server.ts';
import type { StatusView } from '../protocol/shapes.ts';
import { eventView, operationView } from './operation-view.ts';
import { viewContext } from './status-view.ts';
import type { SyncCore } from './sync-core.ts';

/** At most ten updates a second (DESIGN section 3). */
const INTERVAL_MS = 100;
/** More changed operations than this are not listed: shells fetch what they show. */
const MAX_OPERATIONS = 200;
/** Events sent per look; the rest follows at the next. */
const MAX_EVENTS = 1000;

interface Subscriber {
  readonly connection: RpcConnection;
  readonly changes: boolean;
  readonly events: boolean;
}

/** Tells subscribed shells what changed: numbered deltas and every event, in order, at a bounded rate. */
export class ChangeFeed {
  readonly #clock: Clock;
  readonly #core: () => SyncCore;
  readonly #status: () => StatusView;
  readonly #subscribers = new Map<number, Subscriber>();
  readonly #changed = new Set<number>();
  #more = false;
  #seq = 0;
  #lastEventSeq = 0;
  #cancelTimer: (() => void) | null = null;
  #nextAt = 0;

  constructor(clock: Clock, core: () => SyncCore, status: () => StatusView) {
    this.#clock = clock;
    this.#core = core;
    this.#status = status;
  }

  subscribe(
    connection: RpcConnection,
    wants: { readonly changes: boolean; readonly events: boolean },
  ): { seq: number; status: StatusView } {
    if (![...this.#subscribers.values()].some((subscriber) => subscriber.events))
      this.#lastEventSeq = this.#core().repos.events.lastSeq();
    this.#subscribers.set(connection.id, { connection, ...wants });
    connection.closed.addEventListener('abort', () => this.#subscribers.delete(connection.id), { once: true });
    return { seq: this.#seq, status: this.#status() };
  }

  operationChanged(seq: number): void {
    if (this.#subscribers.size === 0) return;
    if (this.#changed.size < MAX_OPERATIONS) this.#changed.add(seq);
    else if (!this.#changed.has(seq)) this.#more = true;
    this.touch();
  }

  /** Something may look different. */
  touch(): void {
    if (this.#cancelTimer !== null || this.#subscribers.size === 0) return;
    const delayMs = Math.max(0, this.#nextAt - this.#clock.monotonicMs());
    this.#cancelTimer = this.#clock.setTimer(delayMs, () => {
      this.#cancelTimer = null;
      this.#nextAt = this.#clock.monotonicMs() + INTERVAL_MS;
      this.#flush();
    });
  }

  /** What has happened so far still goes out. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#flush();
    this.#subscribers.clear();
  }

  #flush(): void {
    const subscribers = [...this.#subscribers.values()];
    if (subscribers.some((subscriber) => subscriber.changes)) this.#sendChanges(subscribers);
    if (subscribers.some((subscriber) => subscriber.events)) this.#sendEvents(subscribers);
  }

  #sendChanges(subscribers: readonly Subscriber[]): void {
    const core = this.#core();
    for (const seq of core.live.runningSeqs()) this.#changed.add(seq);
    const context = viewContext(core, this.#clock.now());
    const operations = [...this.#changed].flatMap((seq) => {
      const operation = core.repos.operations.bySeq(seq);
      return operation === null ? [] : [operationView(operation, context)];
    });
    const more = this.#more;
    this.#changed.clear();
    this.#more = false;
    this.#seq += 1;
    const delta = { seq: this.#seq, status: this.#status(), operations, more };
    for (const { connection, changes } of subscribers) if (changes) connection.notify('changed', delta);
  }

  #sendEvents(subscribers: readonly Subscriber[]): void {
    const events = this.#core().repos.events.list({ afterSeq: this.#lastEventSeq, limit: MAX_EVENTS });
    for (const event of events) {
      this.#lastEventSeq = event.seq;
      const view = eventView(event);
      for (const { connection, events: wanted } of subscribers) if (wanted) connection.notify('event', view);
    }
    if (events.length === MAX_EVENTS) this.touch();
  }
}
