/** The real command line as a process, against handlers behind the real socket. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tryLock } from '../../../src/db/lock.ts';
import { newEngineSecret, writeEngineFile, type EngineFacts } from '../../../src/protocol/engine-file.ts';
import { RpcServer, type RpcHandlers } from '../../../src/protocol/rpc-server.ts';
import { socketAddress } from '../../../src/protocol/socket-address.ts';
import { listenOnSocket } from '../../../src/protocol/socket-server.ts';
import {
  eventView,
  operationDetail,
  operationView,
  plainHandlers,
  statusView,
} from '../../support/protocol-fixtures.ts';
import { until } from '../../support/until.ts';

const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts');

let dataDir = '';
const cleanups: (() => Promise<void> | void)[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'longshore-cli-'));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly done: Promise<{ exitCode: number | null; out: string; err: string }>;
}

function start(argv: readonly string[], stdin: string | null = null, env: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    env: {
      PATH: process.env['PATH'],
      HOME: dataDir,
      LONGSHORE_DATA: dataDir,
      LONGSHORE_CONFIG: join(dataDir, 'config.yaml'),
      ...env,
    },
    stdio: 'pipe',
  });
  cleanups.push(() => void child.kill('SIGKILL'));
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString('utf8');
  });
  if (stdin !== null) child.stdin.write(stdin);
  child.stdin.end();
  const done = new Promise<{ exitCode: number | null; out: string; err: string }>((resolve) => {
    child.on('close', (exitCode) => resolve({ exitCode, out, err }));
  });
  return { child, out: () => out, done };
}

function run(...argv: readonly string[]) {
  return start(argv).done;
}

function facts(): EngineFacts {
  const [token, nonce] = [newEngineSecret(), newEngineSecret()];
  return {
    pid: process.pid,
    version: '0.1.0',
    startedAt: new Date().toISOString(),
    address: socketAddress(dataDir),
    token,
    nonce,
  };
}

async function engine(
  overrides: Partial<RpcHandlers> = {},
): Promise<{ server: RpcServer; close: () => Promise<void> }> {
  const lock = tryLock(dataDir);
  const engineFacts = facts();
  const server = new RpcServer({ handlers: plainHandlers(overrides) });
  const socket = await listenOnSocket({ facts: engineFacts, onChannel: (channel) => server.accept(channel) });
  writeEngineFile(dataDir, engineFacts);
  const close = async () => {
    await socket.close();
    lock?.release();
  };
  cleanups.push(close);
  return { server, close };
}

describe('with an engine', () => {
  test('P11: doctor and config tell that the demo that runs has a configuration of its own', async () => {
    const configFile = join(dataDir, 'demo', 'config.yaml');
    const status = statusView({ engine: { ...statusView().engine, configFile } });
    await engine({ status: () => Promise.resolve(status) });
    const words = (command: string) =>
      `The demo that runs uses a configuration of its own. Ask about it with: longshore ${command} --config ${configFile}`;
    expect((await run('config', 'show')).err).toContain(words('config show'));
    expect((await run('config', 'check')).err).toContain(words('config check'));
    const { exitCode, out } = await run('doctor');
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: expect.stringContaining(words('doctor')) as string });
    expect((await run('config', 'show', '--json')).err).toBe('');
  });

  test('status, ls and show give what the engine says, as JSON and for people', async () => {
    await engine();
    expect(JSON.parse((await run('status', '--json')).out)).toEqual(statusView());
    expect(JSON.parse((await run('ls', '--json')).out)).toEqual({ items: [operationView()], next: null });
    const { exitCode, out } = await run('status');
    expect({ exitCode, first: out.split('\n')[0] }).toEqual({
      exitCode: 0,
      first: expect.stringContaining('running   Longshore 0.1.0') as string,
    });
    expect(JSON.parse((await run('show', 'x', '--json')).out)).toEqual(operationDetail({ id: 'x' }));
  });

  test('call --wait ends with 0 on success and 3 on anything else, told by events', async () => {
    for (const [state, code] of [
      ['succeeded', 0],
      ['failed', 3],
      ['conflict', 3],
    ] as const) {
      let ended = false;
      let shows = 0;
      const { server, close } = await engine({
        show: ({ id }) => {
          shows += 1;
          return Promise.resolve(operationDetail({ id, state: ended ? state : 'running' }));
        },
      });
      const waiting = start(['call', 'POST', 'https://example.com/', '--body', '{}', '--wait', '--json']);
      await until('it waits', () => shows === 1);
      ended = true;
      for (const connection of server.connections)
        connection.notify('event', eventView({ from: 'running', to: state }));
      const { exitCode, out } = await waiting.done;
      expect(exitCode).toBe(code);
      expect(JSON.parse(out)).toMatchObject({ state });
      await close();
    }
  });

  test('watch --json gives one event a line until a signal, and 4 when the engine goes', async () => {
    const { server, close } = await engine();
    const watches = [start(['watch', '--json']), start(['watch', '--json'])];
    await until('both watch', () => {
      for (const connection of server.connections) connection.notify('event', eventView({ seq: 1 }));
      return watches.every(({ out }) => out() !== '');
    });
    for (const connection of server.connections) connection.notify('event', eventView({ seq: 2 }));
    await until('both saw two', () => watches.every(({ out }) => out().trim().split('\n').length === 2));
    watches[0]!.child.kill('SIGINT');
    const first = await watches[0]!.done;
    expect(first.exitCode).toBe(0);
    expect(
      first.out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { seq: number }).seq),
    ).toEqual([1, 2]);
    await close();
    expect((await watches[1]!.done).exitCode).toBe(4);
  });

  test('P12: secret set sends what comes on standard input', async () => {
    const seen: unknown[] = [];
    await engine({
      'secret.set': (params) => {
        seen.push(params);
        return Promise.resolve({});
      },
    });
    const { exitCode, out, err } = await start(['secret', 'set', 'TOKEN'], 'hunter2\n').done;
    expect({ exitCode, seen }).toEqual({ exitCode: 0, seen: [{ name: 'TOKEN', value: 'hunter2' }] });
    expect(out + err).not.toContain('hunter2');
  });

  test('a reader that has seen enough is no error', async () => {
    const items = Array.from({ length: 1000 }, (_, index) =>
      eventView({ seq: index + 1, details: { text: 'x'.repeat(500) } }),
    );
    let pages = 0;
    await engine({
      events: () => {
        pages += 1;
        return Promise.resolve({ items, next: pages < 50 ? 1000 : null });
      },
    });
    const reading = start(['events', '--csv']);
    await until('something came', () => reading.out() !== '');
    reading.child.stdout!.destroy();
    expect(await reading.done).toMatchObject({ exitCode: 0, err: '' });
  });

  test('one that holds the lock and stays silent is exit 1 after 5 s, in words', async () => {
    const lock = tryLock(dataDir);
    cleanups.push(() => lock?.release());
    const mute = facts();
    mkdirSync(dirname(mute.address), { mode: 0o700 });
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      cleanups.push(() => void socket.destroy());
    });
    await new Promise<void>((resolve) => {
      server.listen(mute.address, resolve);
    });
    cleanups.push(() => void server.close());
    writeEngineFile(dataDir, mute);
    const before = performance.now();
    const results = await Promise.all([run('status'), run('ls'), run('pause')]);
    for (const { exitCode, err } of results) {
      expect(exitCode).toBe(1);
      expect(err).toContain(`process ${process.pid}`);
    }
    expect(performance.now() - before).toBeLessThan(15_000);
  });
});

describe('without an engine', () => {
  test('status and --wait end with 4, also where a crash left its file', async () => {
    writeEngineFile(dataDir, facts());
    for (const argv of [['status'], ['call', 'GET', 'https://example.com/', '--wait']]) {
      const { exitCode, out, err } = await run(...argv);
      expect({ exitCode, out }).toEqual({ exitCode: 4, out: '' });
      expect(err).toContain('longshore run');
    }
  });

  test('wrong usage is 2, help is 0', async () => {
    expect((await run('frobnicate')).exitCode).toBe(2);
    expect((await run('health')).exitCode).toBe(2);
    expect((await run('--help')).exitCode).toBe(0);
  });

  test('config check names file, line, key and what would be right', async () => {
    const file = join(dataDir, 'config.yaml');
    writeFileSync(file, 'device: laptop\nfolders:\n  - pth: /x\n    destination: main\n');
    const { exitCode, out } = await run('config', 'check');
    expect(exitCode).toBe(2);
    expect(out).toContain(`${file}:3:`);
    expect(out).toContain('Did you mean "path"?');
  });

  test('config check also reports what is valid but can’t work now', async () => {
    writeFileSync(join(dataDir, 'config.yaml'), configText('/no/such/folder'));
    const { exitCode, out } = await run('config', 'check', '--json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ valid: true, works: false, problems: [{ key: 'folders[0].path' }] });
  });

  test('P12: config show shows what is in force, and no secret', async () => {
    writeFileSync(join(dataDir, 'config.yaml'), configText(dirname(dataDir)));
    writeFileSync(join(dataDir, 'ok.yaml'), configText('/tmp/drop'));
    for (const flags of [[], ['--json']]) {
      const { exitCode, out } = await run('config', 'show', '--config', join(dataDir, 'ok.yaml'), ...flags);
      expect(exitCode).toBe(0);
      expect(out).toContain('main');
      expect(out).not.toContain('hunter2');
    }
    expect((JSON.parse((await run('config', 'schema')).out) as { type: string }).type).toBe('object');
  });

  test('doctor: an invalid configuration is 2, an unreachable destination 3', async () => {
    expect((await run('doctor')).exitCode).toBe(2);
    mkdirSync(join(dataDir, 'drop'));
    writeFileSync(join(dataDir, 'config.yaml'), configText(join(dataDir, 'drop')));
    const { exitCode, out } = await run('doctor', '--json');
    expect(exitCode).toBe(3);
    const { checks } = JSON.parse(out) as { checks: { name: string; state: string }[] };
    expect(checks.find(({ name }) => name === 'Destination main')?.state).toBe('attention');
    expect(checks.find(({ name }) => name === 'Folder drop')?.state).toBe('ok');
    expect(out).not.toContain('hunter2');
  });
});

/** Nobody listens on port 1. */
function configText(path: string): string {
  return JSON.stringify({
    folders: [{ name: 'drop', path, destination: 'main' }],
    destinations: {
      main: {
        type: 's3',
        endpoint: 'http://127.0.0.1:1',
        region: 'us-east-1',
        bucket: 'demo',
        forcePathStyle: true,
        credentials: { accessKeyId: 'hunter2-id', secretAccessKey: 'hunter2-key' },
      },
    },
  });
}
