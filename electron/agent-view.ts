import type { Notification, Result } from '../src/protocol/contract.ts';
import type { EngineHostState } from '../src/protocol/bridge.ts';
import type { StatusView } from '../src/protocol/shapes.ts';
import { activeLines, NO_ACTIVE_ITEMS, nextActiveItems, type ActiveItems } from './active-items.ts';
import { nextBatch, NO_BATCH, type Batch } from './batch.ts';
import { nextNotices, NO_NOTICES, type Notice, type NoticeMemory } from './notice.ts';
import type { TrayModel } from './tray-menu.ts';
import type { Words } from './words.ts';

/** What the shell knows of the engine: enough for the tray and the notifications. The engine holds the truth. */
export class AgentView {
  readonly #words: Words;
  readonly #onChange: () => void;
  readonly #onNotice: (notice: Notice) => void;
  #engine: EngineHostState = { state: 'starting', message: null, nextTryAt: null };
  #status: StatusView | null = null;
  #batch: Batch = NO_BATCH;
  #active: ActiveItems = NO_ACTIVE_ITEMS;
  #notices: NoticeMemory = NO_NOTICES;

  constructor(words: Words, onChange: () => void, onNotice: (notice: Notice) => void) {
    this.#words = words;
    this.#onChange = onChange;
    this.#onNotice = onNotice;
  }

  get status(): StatusView | null {
    return this.#status;
  }

  engineState(state: EngineHostState): void {
    this.#engine = state;
    if (state.state !== 'running') this.#active = NO_ACTIVE_ITEMS;
    this.#onChange();
  }

  /** A first status, or one after a request: no operation is named with it. */
  snapshot({ status }: Pick<Result<'subscribe'>, 'status'>): void {
    this.#take(status, []);
  }

  changed({ status, operations, more }: Notification<'changed'>): void {
    // What runs is no longer known one by one.
    this.#active = more ? NO_ACTIVE_ITEMS : nextActiveItems(this.#active, operations);
    this.#take(status, operations);
  }

  trayModel(): TrayModel {
    return {
      status: this.#status,
      engine: this.#engine,
      batch: this.#batch,
      active: activeLines(this.#active),
      now: new Date(),
      words: this.#words,
    };
  }

  #take(status: StatusView, operations: Notification<'changed'>['operations']): void {
    this.#status = status;
    const { batch, finished } = nextBatch(this.#batch, status);
    this.#batch = batch;
    const { memory, notices } = nextNotices(this.#notices, { status, operations, finished, nowMs: Date.now() });
    this.#notices = memory;
    for (const notice of notices) this.#onNotice(notice);
    this.#onChange();
  }
}
