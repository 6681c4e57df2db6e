import { describe, expect, test } from 'vitest';
import type { HeadlessEngine, HeadlessOptions } from '../../../src/cli/engine-access.ts';
import { runCli } from '../../../src/cli/program.ts';
import { createChannelPair } from '../../../src/protocol/channel.ts';
import { RpcServer } from '../../../src/protocol/rpc-server.ts';
import type { OperationView } from '../../../src/protocol/shapes.ts';
import { captureCli, cli, offlineAccess } from '../../support/captured-cli.ts';
import { eventView, operationView, plainHandlers } from '../../support/protocol-fixtures.ts';
import { until } from '../../support/until.ts';

const failed = operationView({
  state: 'failed',
  path: 'a\u001b[31m.txt',
  error: { code: 's3.access-denied', class: 'permanent', message: 'Not allowed.', hint: 'Allow it.', detail: null },
});

class LockHeldError extends Error {
  override readonly name = 'LockHeldError';
  readonly holder = { pid: 4711, startedAt: '2026-07-01T12:00:00.000Z' };
}
class InvalidConfigError extends Error {
  override readonly name = 'InvalidConfigError';
  readonly problems = [
    { file: 'config.yaml', line: 3, column: 5, key: 'folders[0].path', message: '"path" is missing.', hint: 'Add it.' },
  ];
}

class FakeEngine implements HeadlessEngine {
  readonly ready = Promise.resolve();
  readonly ended = Promise.withResolvers<{ exitCode: number; attention: readonly OperationView[] }>();
  readonly stopped = this.ended.promise;
  readonly stops: string[] = [];
  options: HeadlessOptions | null = null;
  #server = new RpcServer({ handlers: plainHandlers() });

  attach() {
    const [near, far] = createChannelPair();
    this.#server.accept(far);
    return near;
  }

  emit(seq: number): void {
    for (const connection of this.#server.connections) connection.notify('event', eventView({ seq }));
  }

  get viewers(): number {
    return this.#server.connections.size;
  }

  stop(reason: string): Promise<void> {
    this.stops.push(reason);
    this.ended.resolve({ exitCode: 0, attention: [] });
    return Promise.resolve();
  }
}

function accessOf(engine: FakeEngine) {
  return offlineAccess(plainHandlers(), {
    startHeadlessEngine: (options) => {
      engine.options = options;
      return Promise.resolve(engine);
    },
  });
}

describe('run', () => {
  test('P11: says on stderr with what it works and how to stop it', async () => {
    const captured = captureCli();
    const running = runCli(['run'], captured.io, accessOf(new FakeEngine()));
    await until('it has begun', () => captured.stderr.text !== '');
    const said = captured.stderr.text;
    captured.signal('SIGTERM');
    await running;
    expect(captured.stdout.text).toBe('');
    expect(said).toBe('Longshore works with no configuration file. No folder is configured.\nStop it with Ctrl-C.\n');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('stops on %s and ends with 0', async (signal) => {
    const engine = new FakeEngine();
    const captured = captureCli();
    const running = runCli(['run', '--data', '/d', '--config', 'c.yaml'], captured.io, accessOf(engine));
    await until('it runs', () => engine.viewers === 1);
    expect(engine.options).toMatchObject({ dataDir: '/d', configFile: '/nowhere/c.yaml', once: false });
    captured.signal(signal);
    expect(await running).toBe(0);
    expect(engine.stops).toEqual([signal]);
  });

  test('an engine that hangs in its end does not keep the process: a second signal ends it with 0', async () => {
    const engine = new FakeEngine();
    engine.stop = () => new Promise(() => undefined);
    const captured = captureCli();
    const running = runCli(['run'], captured.io, accessOf(engine));
    await until('it runs', () => engine.viewers === 1);
    captured.signal('SIGTERM');
    captured.signal('SIGTERM');
    expect(await running).toBe(0);
  });

  test('a message of several lines stays readable: the problems of a configuration that was changed', async () => {
    const engine = new FakeEngine();
    const captured = captureCli();
    const running = runCli(['run'], captured.io, accessOf(engine));
    await until('it runs', () => engine.viewers === 1);
    engine.options!.log('warn', 'It can’t be used.\nc.yaml:1:2  folders[0].mo\u001bde');
    expect(captured.stderr.text).toContain('It can’t be used.\nc.yaml:1:2  folders[0].mo␛de\n');
    captured.signal('SIGTERM');
    expect(await running).toBe(0);
  });

  test('with --json says an event a line, and nothing beside them', async () => {
    const engine = new FakeEngine();
    const captured = captureCli();
    const running = runCli(['run', '--json'], captured.io, accessOf(engine));
    await until('it runs', () => engine.viewers === 1);
    await until('it is subscribed', () => {
      engine.emit(1);
      return captured.stdout.text !== '';
    });
    engine.emit(2);
    await until('two are there', () => captured.stdout.text.split('\n').length > 2);
    expect(captured.stderr.text).toBe('');
    captured.signal('SIGINT');
    await running;
    const lines = captured.stdout.text.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([1, 2]);
  });

  test('--once ends with 3 and the list of what needs attention', async () => {
    const engine = new FakeEngine();
    engine.ended.resolve({ exitCode: 3, attention: [failed] });
    const { exitCode, out } = await cli(['run', '--once'], accessOf(engine));
    expect(exitCode).toBe(3);
    for (const words of ['1 item needs attention', 'Not allowed.', 'Allow it.']) expect(out).toContain(words);
    const json = await cli(['run', '--once', '--json'], accessOf(engine));
    expect(JSON.parse(json.out.trim().split('\n').at(-1)!)).toMatchObject({
      type: 'run.finished',
      exitCode: 3,
      attention: [{ id: failed.id }],
    });
  });

  test('a second engine is exit 5 and says who holds the directory', async () => {
    const access = offlineAccess(plainHandlers(), { startHeadlessEngine: () => Promise.reject(new LockHeldError()) });
    const { exitCode, err } = await cli(['run'], access);
    expect(exitCode).toBe(5);
    expect(err).toContain('process 4711');
  });

  test('an invalid configuration is exit 2, with file, line and key', async () => {
    const access = offlineAccess(plainHandlers(), {
      startHeadlessEngine: () => Promise.reject(new InvalidConfigError()),
    });
    const { exitCode, err } = await cli(['run'], access);
    expect(exitCode).toBe(2);
    expect(err).toContain('config.yaml:3:5  folders[0].path');
    const json = JSON.parse((await cli(['run', '--json'], access)).err) as { error: { problems: unknown[] } };
    expect(json.error.problems).toHaveLength(1);
  });
});
