import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BridgeNotification, EngineHostState, LongshoreBridge } from '../../../src/protocol/bridge.ts';
import type { OperationView } from '../../../src/protocol/shapes.ts';
import { SECTION_STATES } from '../../../src/protocol/contract.ts';
import type { Params } from '../../../src/protocol/contract.ts';
import { createRequest } from '../../../renderer/bridge/rpc-client.ts';
import { connect } from '../../../renderer/state/connection.ts';
import { createStore } from '../../../renderer/state/store.ts';
import { INITIAL_STATE, reduceWindow } from '../../../renderer/state/window-state.ts';
import { namedOperation, statusView } from '../../support/protocol-fixtures.ts';

const RUNNING: EngineHostState = { state: 'running', message: null, nextTryAt: null };

/** An engine behind the bridge: a list of operations, and a number for the next change. */
class FakeEngine {
  operations: OperationView[] = [];
  seq = 0;
  host: EngineHostState = RUNNING;
  requests: string[] = [];
  #onNotification: ((notification: BridgeNotification) => void) | null = null;
  #onState: ((state: EngineHostState) => void) | null = null;

  readonly bridge: Pick<LongshoreBridge, 'request' | 'onNotification' | 'onEngineState'> = {
    // The fake answers each method with its own result; the real types are checked by the decoder behind it.
    request: ((method: string, params: object) =>
      Promise.resolve(this.#answer(method, params))) as LongshoreBridge['request'],
    onNotification: (listener) => {
      this.#onNotification = listener;
      return () => {
        this.#onNotification = null;
      };
    },
    onEngineState: (listener) => {
      this.#onState = listener;
      listener(this.host);
      return () => {
        this.#onState = null;
      };
    },
  };

  #answer(method: string, params: object): object {
    this.requests.push(method);
    if (this.host.state !== 'running') {
      return { ok: false, error: { kind: 'not-available', message: 'not running', hint: '' } };
    }
    if (method === 'subscribe') return { ok: true, result: { seq: this.seq, status: statusView() } };
    const { states = [], after, limit = 100 } = params as Params<'ls'>;
    const rows = this.operations.filter((op) => states.includes(op.state));
    const from = after === undefined ? 0 : Number(after);
    const items = rows.slice(from, from + limit);
    return { ok: true, result: { items, next: from + limit < rows.length ? String(from + limit) : null } };
  }

  change(operations: OperationView[], more = false): void {
    this.seq += 1;
    const params = { seq: this.seq, status: statusView(), operations, more };
    this.#onNotification?.({ name: 'changed', params });
  }

  become(host: EngineHostState): void {
    this.host = host;
    this.#onState?.(host);
  }
}

function opened(engine: FakeEngine) {
  const store = createStore(reduceWindow, INITIAL_STATE);
  const connection = connect(engine.bridge, createRequest(engine.bridge), store);
  return { store, connection };
}

function countOf(engine: FakeEngine, method: string): number {
  return engine.requests.filter((one) => one === method).length;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);

describe('the connection', () => {
  test('starts with a subscription and the first page of each section', async () => {
    const engine = new FakeEngine();
    engine.operations = [namedOperation('a'), namedOperation('b', { state: 'failed' })];
    const { store } = opened(engine);
    await settle();
    expect(store.get().linked).toBe(true);
    expect(store.get().queue.waiting.rows.map((row) => row.id)).toEqual(['a']);
    expect(store.get().queue.attention.rows.map((row) => row.id)).toEqual(['b']);
    expect(engine.requests).toEqual(['subscribe', ...Object.keys(SECTION_STATES).map(() => 'ls')]);
  });

  test('applies changes in order and drops one that it has seen', async () => {
    const engine = new FakeEngine();
    const { store } = opened(engine);
    await settle();
    engine.change([namedOperation('a')]);
    engine.seq -= 1;
    engine.change([namedOperation('ghost')]);
    expect(store.get().queue.waiting.rows.map((row) => row.id)).toEqual(['a']);
    expect(countOf(engine, 'subscribe')).toBe(1);
  });

  test('a gap in the numbers leads to a fresh snapshot', async () => {
    const engine = new FakeEngine();
    const { store } = opened(engine);
    await settle();
    engine.operations = [namedOperation('missed'), namedOperation('seen')];
    engine.seq += 1;
    engine.change([namedOperation('seen')]);
    await settle();
    expect(countOf(engine, 'subscribe')).toBe(2);
    expect(store.get().queue.waiting.rows.map((row) => row.id)).toEqual(['missed', 'seen']);
    engine.change([namedOperation('zebra')]);
    expect(store.get().queue.waiting.rows.map((row) => row.id)).toEqual(['missed', 'seen', 'zebra']);
  });

  test('changes that arrive while the subscription is made are not lost', async () => {
    const engine = new FakeEngine();
    const { store } = opened(engine);
    engine.change([namedOperation('early')]);
    await settle();
    expect(countOf(engine, 'subscribe')).toBe(1);
    engine.operations = [namedOperation('early')];
    engine.change([]);
    expect(countOf(engine, 'subscribe')).toBe(1);
    expect(store.get().linked).toBe(true);
  });

  test('an engine that comes back is asked at once, and the last known rows stay until then', async () => {
    const engine = new FakeEngine();
    engine.operations = [namedOperation('a')];
    const { store } = opened(engine);
    await settle();
    engine.become({ state: 'restarting', message: 'gone', nextTryAt: null });
    expect(store.get().linked).toBe(false);
    expect(store.get().queue.waiting.rows).toHaveLength(1);
    engine.seq = 0;
    engine.operations = [namedOperation('a'), namedOperation('b')];
    engine.become(RUNNING);
    await settle();
    expect(store.get().linked).toBe(true);
    expect(store.get().queue.waiting.rows).toHaveLength(2);
  });

  test('too many changes to list are fetched at most once a second', async () => {
    const engine = new FakeEngine();
    opened(engine);
    await settle();
    for (let round = 0; round < 15; round += 1) {
      engine.change([], true);
      await vi.advanceTimersByTimeAsync(100);
    }
    await vi.advanceTimersByTimeAsync(1000);
    expect(countOf(engine, 'subscribe')).toBe(1);
    // The start and two reloads, four sections each.
    expect(countOf(engine, 'ls')).toBe(12);
  });

  test('pages follow the cursor, one at a time', async () => {
    const engine = new FakeEngine();
    engine.operations = Array.from({ length: 250 }, (_, index) => namedOperation(String(index).padStart(4, '0')));
    const { store, connection } = opened(engine);
    await settle();
    connection.loadMore('waiting');
    connection.loadMore('waiting');
    await settle();
    expect(store.get().queue.waiting.rows).toHaveLength(200);
    connection.loadMore('waiting');
    await settle();
    expect(store.get().queue.waiting).toMatchObject({ next: null, loaded: true, loading: false });
    expect(store.get().queue.waiting.rows).toHaveLength(250);
  });

  test('a page that was asked for under an older filter is dropped', async () => {
    const engine = new FakeEngine();
    engine.operations = [namedOperation('a')];
    const { store } = opened(engine);
    store.dispatch({ type: 'filter', filter: { search: 'x', folder: null } });
    const { generation } = store.get();
    store.dispatch({
      type: 'page',
      generation: generation - 1,
      section: 'waiting',
      after: null,
      page: { items: [namedOperation('a')], next: null },
    });
    expect(store.get().queue.waiting.rows).toHaveLength(0);
    await settle();
  });

  test('a page that no longer follows the loaded rows is dropped: it would leave a hole', async () => {
    const engine = new FakeEngine();
    engine.operations = Array.from({ length: 250 }, (_, index) => namedOperation(String(index).padStart(4, '0')));
    const { store } = opened(engine);
    await settle();
    const page = { items: [namedOperation('0200')], next: null };
    const { generation } = store.get();
    store.dispatch({ type: 'page', generation, section: 'waiting', after: '200', page });
    expect(store.get().queue.waiting).toMatchObject({ next: '100' });
    expect(store.get().queue.waiting.rows).toHaveLength(100);
  });

  test('what does not fit the contract is not believed', async () => {
    const engine = new FakeEngine();
    engine.operations = [{ ...namedOperation('a'), bytesDone: -1 }];
    const { store } = opened(engine);
    await settle();
    expect(store.get().queue.waiting).toMatchObject({ rows: [], loading: false });
  });
});
