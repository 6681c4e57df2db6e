import { describe, expect, test, vi } from 'vitest';
import { EventStream } from '../../../src/cli/event-stream.ts';
import { CliError } from '../../../src/cli/exit-codes.ts';
import { LiveModel } from '../../../src/cli/live-model.ts';
import { LiveScreen } from '../../../src/cli/live-screen.ts';
import { renderLive } from '../../../src/cli/live-view.ts';
import { plainStyle } from '../../../src/cli/style.ts';
import { textWidth } from '../../../src/cli/text-width.ts';
import { waitForEnd } from '../../../src/cli/wait-for-end.ts';
import type { State } from '../../../src/core/states.ts';
import { createChannelPair } from '../../../src/protocol/channel.ts';
import { RpcClient } from '../../../src/protocol/rpc-client.ts';
import { RpcServer, type RpcConnection, type RpcHandlers } from '../../../src/protocol/rpc-server.ts';
import { CapturedStream, NOW } from '../../support/captured-cli.ts';
import {
  eventView,
  operationDetail,
  operationView,
  plainHandlers,
  statusView,
} from '../../support/protocol-fixtures.ts';
import { until } from '../../support/until.ts';

function engine(handlers: Partial<RpcHandlers> = {}): {
  client: RpcClient;
  connection: RpcConnection;
  stop: () => void;
} {
  const [near, far] = createChannelPair();
  const server = new RpcServer({ handlers: plainHandlers(handlers) });
  const connection = server.accept(far);
  return { client: new RpcClient(near), connection, stop: () => server.close() };
}

describe('the stream of events', () => {
  test('fills gaps from the log, each event once and in order', async () => {
    const log = Array.from({ length: 30 }, (_, index) => eventView({ seq: index + 1 }));
    const { client, connection } = engine({
      events: ({ afterSeq = 0 }) => {
        const items = log.filter(({ seq }) => seq > afterSeq).slice(0, 4);
        return Promise.resolve({ items, next: items.at(-1)?.seq ?? null });
      },
    });
    const seen: number[] = [];
    const stream = new EventStream(
      client,
      (events) => void seen.push(...events.map(({ seq }) => seq)),
      (error) => {
        throw error;
      },
    );
    for (const seq of [5, 6, 6, 20, 19, 21]) connection.notify('event', eventView({ seq }));
    await until('all are in', () => seen.at(-1) === 21);
    expect(seen).toEqual(Array.from({ length: 17 }, (_, index) => index + 5));
    await stream.close();
  });

  test('numbers that the log does not have either are no reason to wait', async () => {
    const { client, connection } = engine({ events: () => Promise.resolve({ items: [], next: null }) });
    const seen: number[] = [];
    const stream = new EventStream(
      client,
      (events) => void seen.push(...events.map(({ seq }) => seq)),
      (error) => {
        throw error;
      },
    );
    for (const seq of [1, 9]) connection.notify('event', eventView({ seq }));
    await until('both are in', () => seen.length === 2);
    await stream.close();
  });

  test('a reader that fails ends it', async () => {
    const { client, connection } = engine();
    const errors: unknown[] = [];
    const stream = new EventStream(
      client,
      () => Promise.reject(new Error('full')),
      (error) => errors.push(error),
    );
    connection.notify('event', eventView());
    connection.notify('event', eventView({ seq: 2 }));
    await until('it ended', () => errors.length > 0);
    expect(errors).toEqual([new Error('full')]);
    await stream.close();
  });
});

describe('--wait', () => {
  const ID = operationView().id;

  test.each(['succeeded', 'failed', 'conflict', 'cancelled', 'superseded'] as const)(
    'ends when the operation is %s, without polling',
    async (end) => {
      let state: State = 'pending';
      const show = vi.fn<RpcHandlers['show']>(() => Promise.resolve(operationDetail({ state })));
      const { client, connection } = engine({ show });
      let isQueued = false;
      const waiting = waitForEnd(
        client,
        () => client.call('call', { method: 'GET', target: 'https://x/' }),
        () => {
          isQueued = true;
        },
      );
      await until('it looked once', () => isQueued && show.mock.calls.length === 1);
      connection.notify('event', eventView({ operationId: ID, from: 'pending', to: 'running' }));
      connection.notify('event', eventView({ operationId: 'another', from: 'running', to: end }));
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
      expect(show).toHaveBeenCalledTimes(1);
      state = end;
      connection.notify('event', eventView({ operationId: ID, from: 'running', to: end }));
      expect((await waiting).state).toBe(end);
      expect(show).toHaveBeenCalledTimes(2);
    },
  );

  test('misses no end that comes before the reply to the request', async () => {
    const handlers = plainHandlers();
    const { client, connection } = engine({
      call: async (params, peer) => {
        connection.notify('event', eventView({ operationId: ID, from: 'running', to: 'succeeded' }));
        return handlers.call(params, peer);
      },
      show: () => Promise.resolve(operationDetail({ state: 'succeeded' })),
    });
    const detail = await waitForEnd(
      client,
      () => client.call('call', { method: 'GET', target: 'https://x/' }),
      () => undefined,
    );
    expect(detail.state).toBe('succeeded');
  });

  test('looks again when too many changed to be listed', async () => {
    let state: State = 'running';
    const show = vi.fn<RpcHandlers['show']>(() => Promise.resolve(operationDetail({ state })));
    const { client, connection } = engine({ show });
    const waiting = waitForEnd(
      client,
      () => client.call('call', { method: 'GET', target: 'https://x/' }),
      () => undefined,
    );
    await until('it looked once', () => show.mock.calls.length === 1);
    state = 'failed';
    connection.notify('changed', { seq: 1, status: statusView(), operations: [], more: true });
    expect((await waiting).state).toBe('failed');
  });

  test('ends with 4 when the engine goes, and says that the call stays queued', async () => {
    const { client, stop } = engine({ show: () => Promise.resolve(operationDetail({ state: 'waiting' })) });
    let queued = '';
    const waiting = waitForEnd(
      client,
      () => client.call('call', { method: 'GET', target: 'https://x/' }),
      ({ id }) => {
        queued = id;
      },
    );
    const failure = waiting.catch((error: unknown) => error);
    await until('it is queued', () => queued !== '');
    stop();
    const error = await failure;
    expect(error).toBeInstanceOf(CliError);
    expect(error).toMatchObject({
      exitCode: 4,
      message: expect.stringContaining(`${ID} was under way; it stays queued`) as string,
    });
  });
});

function active(index: number) {
  return operationView({
    id: `id-${index}`,
    state: 'running',
    phase: 'uploading',
    path: `目录/${'long-name-'.repeat(index)}${index}.bin\u001b[2J`,
    bytesTotal: 1000,
    bytesDone: index * 10,
    bytesPerSecond: 1024,
    etaSeconds: 4,
  });
}

describe('the live view', () => {
  const failed = operationView({
    id: 'bad',
    state: 'failed',
    path: 'report.pdf',
    error: { code: 's3.access-denied', class: 'permanent', message: 'Not allowed.', hint: 'Allow it.', detail: null },
  });
  const busy = statusView({
    counts: { running: 60, pending: 1234, failed: 5, succeeded: 7 },
    bytes: { pending: 5 * 1024 ** 2, done: 1024 },
    bytesPerSecond: 1024 ** 2,
    etaSeconds: 5,
    attention: [failed],
    gates: [{ gate: 'unreachable', scope: 'main', until: null, reason: 'Nothing answers.' }],
  });

  test.each([
    [20, 3],
    [40, 10],
    [80, 24],
    [200, 100],
  ])('fits %i columns and %i rows', (columns, rows) => {
    const model = new LiveModel();
    model.reset(
      busy,
      0,
      Array.from({ length: 60 }, (_, index) => active(index)),
    );
    const lines = renderLive(model, { columns, rows }, plainStyle, NOW);
    expect(lines.length).toBeLessThanOrEqual(rows);
    for (const line of lines) {
      expect(textWidth(line)).toBeLessThanOrEqual(columns);
      expect(line).not.toContain('\u001b');
    }
  });

  test('says what goes on, what is wrong and what is left', () => {
    const model = new LiveModel();
    model.reset(busy, 0, [active(1)]);
    const text = renderLive(model, { columns: 120, rows: 40 }, plainStyle, NOW).join('\n');
    for (const words of [
      '1,234 waiting',
      '5 failed',
      '5.0 MiB to go',
      '1.0 MiB/s',
      'about 5 s left',
      'main: Nothing answers.',
      'report.pdf',
      'Not allowed.',
      'and 4 more',
    ]) {
      expect(text).toContain(words);
    }
  });

  test('the same trouble of many is told once', () => {
    const [first] = busy.attention;
    const attention = Array.from({ length: 4 }, (_, index) => ({
      ...first!,
      id: `id-${index}`,
      path: `f${index}.txt`,
    }));
    const model = new LiveModel();
    model.reset({ ...busy, attention }, 0, []);
    const lines = renderLive(model, { columns: 120, rows: 40 }, plainStyle, NOW).filter((line) => line.startsWith('!'));
    expect(lines).toEqual([
      '! drop: f0.txt and 3 more  Not allowed. (s3.access-denied)',
      expect.stringMatching(/^! and \d+ more: longshore ls/),
    ]);
  });

  test('a gap in the numbers or too many changes ask for a snapshot', () => {
    const model = new LiveModel();
    model.reset(statusView(), 5, []);
    const change = { status: statusView(), operations: [], more: false };
    expect(model.apply({ ...change, seq: 6 })).toBe(true);
    expect(model.apply({ ...change, seq: 8 })).toBe(false);
    expect(model.apply({ ...change, seq: 9, more: true })).toBe(false);
    expect(model.apply({ ...change, seq: 10 })).toBe(true);
  });

  test('what ends leaves the active ones, and what succeeded stays for a while', () => {
    const model = new LiveModel();
    model.reset(statusView(), 0, [active(1), active(2)]);
    const ended = [operationView({ id: 'id-1', state: 'succeeded' }), operationView({ id: 'id-2', state: 'waiting' })];
    model.apply({ seq: 1, status: statusView(), operations: ended, more: false });
    expect(model.active).toEqual([]);
    expect(model.recent.map(({ id }) => id)).toEqual(['id-1']);
  });

  test('is drawn at most ten times a second, and the last state is on screen in the end', () => {
    vi.useFakeTimers();
    try {
      const stream = new CapturedStream(true);
      let frames = 0;
      let value = 0;
      const screen = new LiveScreen(stream, () => {
        frames += 1;
        return [`value ${value}`];
      });
      for (value = 1; value <= 1000; value += 1) {
        screen.invalidate();
        vi.advanceTimersByTime(1);
      }
      expect(frames).toBeGreaterThanOrEqual(9);
      expect(frames).toBeLessThanOrEqual(11);
      value = 5000;
      screen.invalidate();
      screen.close();
      expect(stream.text.endsWith('value 5000\n\u001b[?25h')).toBe(true);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
