/** The real command line with the real engine, against the local S3 stand-in. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OperationView } from '../../../src/protocol/shapes.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts');

let root = '';
let store: StandIn;
const children: ChildProcess[] = [];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'longshore-cli-engine-'));
  mkdirSync(join(root, 'drop'));
  store = await startStandIn({ buckets: ['demo'] });
  const { endpoint, region, credentials } = store;
  const config = {
    folders: [{ name: 'drop', path: join(root, 'drop'), destination: 'main' }],
    destinations: { main: { type: 's3', endpoint, region, bucket: 'demo', forcePathStyle: true, credentials } },
  };
  writeFileSync(join(root, 'config.yaml'), JSON.stringify(config));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly done: Promise<{ exitCode: number | null; out: string; err: string }>;
}

function start(...argv: readonly string[]): Run {
  const env = {
    PATH: process.env['PATH'],
    HOME: root,
    LONGSHORE_DATA: join(root, 'data'),
    LONGSHORE_CONFIG: join(root, 'config.yaml'),
  };
  const child = spawn(process.execPath, [MAIN, ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString('utf8');
  });
  const done = new Promise<{ exitCode: number | null; out: string; err: string }>((resolve) => {
    child.on('close', (exitCode) => resolve({ exitCode, out, err }));
  });
  return { child, done };
}

function run(...argv: readonly string[]) {
  return start(...argv).done;
}

async function startEngine(): Promise<Run> {
  const engine = start('run');
  await until('the engine answers', async () => (await run('status')).exitCode === 0, 20_000);
  return engine;
}

async function list(...argv: readonly string[]): Promise<readonly OperationView[]> {
  const { out } = await run('ls', '--json', ...argv);
  return (JSON.parse(out) as { items: OperationView[] }).items;
}

describe('run --once', () => {
  test('sends what is there, ends with 0, and the queue can be read afterwards', async () => {
    for (const name of ['a.txt', 'ü b.txt']) writeFileSync(join(root, 'drop', name), name);
    const { exitCode, out } = await run('run', '--once', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(out.trim().split('\n').at(-1)!)).toEqual({ type: 'run.finished', exitCode: 0, attention: [] });
    const items = await list();
    expect(new Map(items.map(({ path, state }) => [path, state]))).toEqual(
      new Map([
        ['a.txt', 'succeeded'],
        ['ü b.txt', 'succeeded'],
      ]),
    );
    expect((await run('show', items[0]!.id)).exitCode).toBe(0);
  });

  test('while paused ends with 3 at once', async () => {
    writeFileSync(join(root, 'drop', 'a.txt'), 'a');
    expect((await run('pause')).exitCode).toBe(0);
    expect((await run('run', '--once')).exitCode).toBe(3);
    expect((await run('resume')).exitCode).toBe(0);
    expect((await run('run', '--once')).exitCode).toBe(0);
  });
});

test('one engine at a time; SIGTERM ends it with 0; after kill -9 nothing stands in the way', async () => {
  const engine = await startEngine();
  const second = await run('run');
  expect(second.exitCode).toBe(5);
  expect(second.err).toContain(`process ${engine.child.pid}`);
  const before = performance.now();
  engine.child.kill('SIGTERM');
  expect((await engine.done).exitCode).toBe(0);
  expect(performance.now() - before).toBeLessThan(5000);

  const killed = await startEngine();
  killed.child.kill('SIGKILL');
  await killed.done;
  expect((await run('status')).exitCode).toBe(4);
  expect(await list()).toEqual([]);
  const again = await startEngine();
  again.child.kill('SIGINT');
  expect((await again.done).exitCode).toBe(0);
});

describe('call', () => {
  let service: Server;
  let url = '';
  beforeEach(async () => {
    service = createServer((request, response) => {
      request.resume();
      response.statusCode = request.url === '/bad' ? 422 : 200;
      response.end('{}');
    });
    await new Promise<void>((resolve) => {
      service.listen(0, '127.0.0.1', resolve);
    });
    url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    service.closeAllConnections();
    service.close();
  });

  test('without an engine is queued, and sent by the next one', async () => {
    const { exitCode, out } = await run('call', 'POST', `${url}/good`, '--body', '{}', '--json');
    expect({ exitCode, state: (JSON.parse(out) as OperationView).state }).toEqual({ exitCode: 0, state: 'pending' });
    expect((await run('run', '--once')).exitCode).toBe(0);
    expect((await list('--kind', 'api.call')).map(({ state }) => state)).toEqual(['succeeded']);
  });

  test('--wait ends with 0 or 3 as the service answers', async () => {
    const engine = await startEngine();
    expect((await run('call', 'POST', `${url}/good`, '--body', '{}', '--wait')).exitCode).toBe(0);
    const refused = await run('call', 'POST', `${url}/bad`, '--body', '{}', '--wait', '--json');
    expect(refused.exitCode).toBe(3);
    expect(JSON.parse(refused.out)).toMatchObject({ state: 'failed', error: { code: 'call.rejected' } });
    engine.child.kill('SIGTERM');
    await engine.done;
  });
});
