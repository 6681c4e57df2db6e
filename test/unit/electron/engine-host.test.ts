import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EngineHost, type EngineProcess } from '../../../electron/engine-host.ts';
import type { EngineHostState } from '../../../src/protocol/bridge.ts';
import { createChannelPair } from '../../../src/protocol/channel.ts';
import { RpcServer } from '../../../src/protocol/rpc-server.ts';
import { statusView } from '../../support/protocol-fixtures.ts';

/** An engine's process as its host sees it, without the process. */
class FakeEngine implements EngineProcess {
  readonly pid: number;
  readonly channel;
  killed = false;
  askedToEnd = 0;
  /** It answers nothing any more. */
  hung = false;
  endsWhenAsked = true;
  readonly subscriptions: boolean[] = [];
  #listener: ((exitCode: number, lastWords: string) => void) | null = null;

  constructor(pid: number) {
    this.pid = pid;
    const [ours, theirs] = createChannelPair();
    this.channel = ours;
    const whenWell = async <T>(value: T): Promise<T> => (this.hung ? new Promise<T>(() => undefined) : value);
    const server = new RpcServer({
      handlers: {
        status: () => whenWell(statusView()),
        subscribe: ({ events }) => {
          this.subscriptions.push(events);
          return whenWell({ seq: 1, status: statusView() });
        },
        shutdown: async () => {
          this.askedToEnd += 1;
          if (this.endsWhenAsked) setTimeout(() => this.exit(0), 50);
          return {};
        },
      },
    });
    server.accept(theirs);
  }

  onExit(listener: (exitCode: number, lastWords: string) => void): void {
    this.#listener = listener;
  }

  kill(): void {
    this.killed = true;
    this.exit(9);
  }

  exit(exitCode: number, lastWords = ''): void {
    const listener = this.#listener;
    this.#listener = null;
    listener?.(exitCode, lastWords);
  }
}

let engines: FakeEngine[];
let states: EngineHostState[];
let host: EngineHost;
let prepare: (engine: FakeEngine) => void;

beforeEach(() => {
  vi.useFakeTimers();
  engines = [];
  states = [];
  prepare = () => undefined;
  host = new EngineHost({
    start: () => {
      const engine = new FakeEngine(100 + engines.length);
      prepare(engine);
      engines.push(engine);
      return engine;
    },
    onState: (state) => states.push(state),
    onSnapshot: () => undefined,
    onChanged: () => undefined,
    onEvent: () => undefined,
    explain: (reason, lastWords) => `${reason} ${lastWords}`.trim(),
    log: () => undefined,
  });
});
afterEach(async () => {
  const stopped = host.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  await stopped;
  // Whatever was started has been stopped: nothing is left that ticks.
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const names = (): string[] => states.map(({ state }) => state);
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1);

test('runs once the engine has answered', async () => {
  host.start();
  expect(host.client).toBeNull();
  await settle();
  expect(names()).toEqual(['running']);
  expect(host.client).not.toBeNull();
});

test('a killed engine is back after 250 ms, and the next one has the windows’ wish', async () => {
  host.start();
  await settle();
  await host.subscribe(true);
  engines[0]?.exit(9);
  expect(names()).toEqual(['running', 'restarting']);
  expect(states.at(-1)?.message).toBe('died');
  expect(host.client).toBeNull();
  await vi.advanceTimersByTimeAsync(249);
  expect(engines).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2);
  expect(engines).toHaveLength(2);
  expect(names()).toEqual(['running', 'restarting', 'running']);
  expect(engines[1]?.subscriptions).toEqual([true]);
});

test('requests that were under way end with a reason', async () => {
  prepare = (engine) => {
    setTimeout(() => {
      engine.hung = true;
    }, 10);
  };
  host.start();
  await vi.advanceTimersByTimeAsync(20);
  const answer = expect(host.client?.call('status', {})).rejects.toThrow('connection to the engine ended');
  engines[0]?.exit(9);
  await answer;
});

test('one that hangs is killed after 30 s of silence and started again', async () => {
  host.start();
  await settle();
  const [first] = engines;
  first!.hung = true;
  await vi.advanceTimersByTimeAsync(29_000);
  expect(first?.killed).toBe(false);
  await vi.advanceTimersByTimeAsync(11_500);
  expect(first?.killed).toBe(true);
  expect(engines).toHaveLength(2);
  expect(names().at(-1)).toBe('running');
});

test('one that answers lives on', async () => {
  host.start();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(engines).toHaveLength(1);
});

test('deaths in a row wait longer and longer; a minute of health is forgiven', async () => {
  host.start();
  await settle();
  engines[0]?.exit(9);
  await vi.advanceTimersByTimeAsync(251);
  engines[1]?.exit(9);
  await vi.advanceTimersByTimeAsync(400);
  expect(engines).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(101);
  expect(engines).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(60_000);
  engines[2]?.exit(9);
  await vi.advanceTimersByTimeAsync(251);
  expect(engines).toHaveLength(4);
});

test('a wrong configuration waits for a person, who is told why', async () => {
  prepare = (engine) => {
    if (engines.length > 0) return;
    engine.hung = true;
    setTimeout(() => engine.exit(2, 'config.yaml:3 unknown key'), 10);
  };
  host.start();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(states).toEqual([{ state: 'failed', message: 'config-invalid config.yaml:3 unknown key', nextTryAt: null }]);
  host.tryAgain();
  await settle();
  expect(names()).toEqual(['failed', 'restarting', 'running']);
});

test('a lock that another engine holds is tried again gently', async () => {
  prepare = (engine) => {
    if (engines.length > 1) return;
    engine.hung = true;
    setTimeout(() => engine.exit(5, 'pid 77 holds it'), 10);
  };
  host.start();
  await vi.advanceTimersByTimeAsync(4_000);
  expect(engines).toHaveLength(1);
  expect(states.at(-1)).toMatchObject({ state: 'failed', message: 'lock-held pid 77 holds it' });
  expect(states.at(-1)?.nextTryAt).not.toBeNull();
  await vi.advanceTimersByTimeAsync(7_000);
  expect(names().at(-1)).toBe('running');
});

test('stops by asking', async () => {
  host.start();
  await settle();
  const stopped = host.stop();
  await vi.advanceTimersByTimeAsync(60);
  await stopped;
  expect(engines[0]).toMatchObject({ askedToEnd: 1, killed: false });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(engines).toHaveLength(1);
});

test('one that does not end when asked is killed within 4 s', async () => {
  prepare = (engine) => {
    engine.endsWhenAsked = false;
  };
  host.start();
  await settle();
  const stopped = host.stop();
  await vi.advanceTimersByTimeAsync(4_000);
  await stopped;
  expect(engines[0]?.killed).toBe(true);
});

test('restart ends the old one before it begins a new one', async () => {
  host.start();
  await settle();
  const restarted = host.restart();
  await vi.advanceTimersByTimeAsync(60);
  await restarted;
  await settle();
  expect(engines).toHaveLength(2);
  expect(engines[0]?.killed).toBe(false);
  expect(names()).toEqual(['running', 'restarting', 'running']);
});
