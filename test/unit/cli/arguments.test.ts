import { describe, expect, test } from 'vitest';
import { headerArgument, statesArgument, timeArgument } from '../../../src/cli/parse-arguments.ts';
import type { Params } from '../../../src/protocol/contract.ts';
import type { RpcHandlers } from '../../../src/protocol/rpc-server.ts';
import { cli, NOW, offlineAccess } from '../../support/captured-cli.ts';
import { plainHandlers } from '../../support/protocol-fixtures.ts';

describe('wrong usage ends with 2, says why on stderr, and touches nothing', () => {
  const access = offlineAccess(plainHandlers(), {
    openOffline: () => Promise.reject(new Error('the database was opened')),
    probeLock: () => Promise.reject(new Error('the lock was probed')),
  });
  test.each([
    [[], 'Usage: longshore'],
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['statsu'], 'status'],
    [['ls', '--colour'], "unknown option '--colour'"],
    [['ls', '--state', 'bad'], 'pending, running'],
    [['ls', '--kind', 'file'], 'file.upload'],
    [['ls', '--limit', '0'], '1 to'],
    [['ls', '--limit', '1e9'], '1 to'],
    [['ls', 'extra'], 'too many arguments'],
    [['show'], "missing required argument 'id'"],
    [['pause', '--for', 'soon'], '30m'],
    [['pause', '--for', '0s'], '30m'],
    [['pause', 'x', '--folder', 'y'], 'Name one thing'],
    [['resume', '--folder', 'y', '--provider', 'z'], 'Name one thing'],
    [['retry'], 'use --failed'],
    [['retry', 'x', '--failed'], 'not both'],
    [['retry', '--since', 'yesterday'], '2026-07-01'],
    [['retry', '--since', '2026-13-01'], '2026-07-01'],
    [['cancel'], "missing required argument 'id'"],
    [['resolve', 'x'], '--keep'],
    [['resolve', 'x'], 'longshore resolve --help'],
    [['folder', 'adopt'], 'longshore folder adopt --help'],
    [['resolve', '--all', '--folder', 'x', 'y', '--keep', 'local'], 'not both'],
    [['deletes', '--allow'], 'Name the folder'],
    [['deletes', 'x', '--allow', '--keep'], 'not both'],
    [['restore', 'x'], "missing required argument 'path'"],
    [['undo'], "missing required argument 'id'"],
    [['uploads', '--until', '7d'], '--abort-unknown'],
    [['resolve', 'x', '--keep', 'mine'], 'local, remote, both'],
    [['call', 'GET'], 'target'],
    [['call', 'GE T', 'https://x/'], 'GET or POST'],
    [['call', 'GET', 'nonsense'], 'PROVIDER:/path'],
    [['call', 'POST', 'https://x/', '--body', '{'], 'not valid JSON'],
    [['call', 'POST', 'https://x/', '--body', '@/no/such/file'], 'ENOENT'],
    [['call', 'GET', 'https://x/', '--header', 'no colon'], 'Name:value'],
    [['call', 'GET', 'https://x/', '--header', 'A:1', '--header', 'a:2'], 'twice'],
    [['call', 'GET', 'https://x/', '--priority', 'urgent'], 'critical, high'],
    [['events', '--csv', '--json'], 'not both'],
    [['secret', 'set'], "missing required argument 'name'"],
    [['secret', 'set', 'a name'], 'letters, digits'],
    [['secret', 'set', 'NAME', 'hunter2'], 'never taken from the command line'],
    [['config', 'frob'], "unknown command 'frob'"],
  ])('longshore %j', async (argv, words) => {
    const { exitCode, out, err } = await cli(argv, access);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain(words);
  });

  test.each([
    [['flow', 'ls']],
    [['flow', 'run', 'x', '--input', '{}', '--wait']],
    [['flow', 'show', 'x']],
    [['verify', '--folder', 'x', '--dry-run', '--fix', '--report', 'a.html']],
    [['metrics']],
    [['health']],
    [['diagnostics', 'x.zip']],
    [['resolve', 'x', '--keep', 'merge']],
  ])('not available yet, by name: longshore %j', async (argv) => {
    const { exitCode, err } = await cli(argv, access);
    expect(exitCode).toBe(2);
    expect(err).toContain(`${argv[0]}`);
    expect(err).toContain('not available yet');
  });

  test.each([
    [['call', 'GET', 'https://x/', '--header', 'Authorization: Bearer hunter2\nX: y']],
    [['call', 'GET', 'https://x/', '--header', 'Bearer hunter2']],
    [['secret', 'set', 'hunter2!']],
    [['secret', 'set', 'NAME', 'hunter2']],
    [['secret', 'rm', 'hunter2!']],
  ])('P12: what may be a secret is not repeated: %j', async (argv) => {
    for (const flags of [[], ['--json']]) {
      const { exitCode, err } = await cli([...argv, ...flags], access);
      expect(exitCode).toBe(2);
      expect(err).not.toContain('hunter2');
    }
  });

  test('with --json the reason is one JSON document', async () => {
    for (const argv of [
      ['retry', '--json'],
      ['ls', '--json', '--state', 'bad'],
      ['verify', '--json'],
      ['--json', 'nope'],
    ]) {
      const { exitCode, out, err } = await cli(argv, access);
      expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
      expect(JSON.parse(err)).toMatchObject({ error: { exitCode: 2, message: expect.stringMatching(/./) as string } });
    }
  });
});

test.each([[['--help']], [['-h']], [['ls', '--help']], [['--version']]])('longshore %j is fine', async (argv) => {
  const { exitCode, out, err } = await cli(argv);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(out).not.toBe('');
});

/** What the engine gets for a command line that is fine. */
async function paramsOf<M extends 'ls' | 'call' | 'retry' | 'pause' | 'resume'>(
  method: M,
  argv: readonly string[],
  stdin = '',
): Promise<Params<M>> {
  const seen: unknown[] = [];
  const handlers = plainHandlers();
  const recording = new Proxy(handlers, {
    get: (target, name: keyof RpcHandlers) => (params: never, connection: never) => {
      if (name === method) seen.push(params);
      return target[name](params, connection);
    },
  });
  const { exitCode, err } = await cli(argv, offlineAccess(recording), { stdin });
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(seen).toHaveLength(1);
  return seen[0] as Params<M>;
}

describe('what is asked reaches the engine', () => {
  test('ls', async () => {
    const argv = [
      'ls',
      '--state',
      'failed,conflict',
      '--state',
      'failed',
      '--folder',
      'drop',
      '--kind',
      'api.call',
      '--limit',
      '7',
      '--after',
      'c',
    ];
    expect(await paramsOf('ls', argv)).toEqual({
      states: ['failed', 'conflict'],
      folder: 'drop',
      kind: 'api.call',
      limit: 7,
      after: 'c',
      order: 'newest',
    });
  });

  test('call', async () => {
    const argv = [
      'call',
      'post',
      'crm:/people',
      '--body',
      '{"a":1}',
      '--header',
      'X-A: 1',
      '--header',
      'X-B:2:3',
      '--if-match',
      '"v1"',
    ];
    argv.push('--idempotency-key', 'k', '--resource', 'r', '--priority', 'high', '--timeout', '30s');
    expect(await paramsOf('call', argv)).toEqual({
      method: 'POST',
      target: 'crm:/people',
      body: '{"a":1}',
      headers: { 'X-A': '1', 'X-B': '2:3' },
      ifMatch: '"v1"',
      idempotencyKey: 'k',
      resource: 'r',
      priority: 'high',
      timeoutMs: 30_000,
    });
  });

  test('call takes its body from standard input, and any text when its type is said', async () => {
    const argv = ['call', 'PUT', 'https://x/', '--body', '@-', '--header', 'content-type: text/plain'];
    expect(await paramsOf('call', argv, 'hello')).toMatchObject({ body: 'hello' });
  });

  test('pause and resume', async () => {
    expect(await paramsOf('pause', ['pause', '--for', '30m'])).toEqual({ scope: {}, forMs: 1_800_000 });
    expect(await paramsOf('pause', ['pause', '--folder', 'drop'])).toEqual({ scope: { folder: 'drop' }, forMs: null });
    expect(await paramsOf('resume', ['resume', 'some-id'])).toEqual({ scope: { id: 'some-id' } });
    expect(await paramsOf('resume', ['resume', '--provider', 'crm'])).toEqual({ scope: { provider: 'crm' } });
  });

  test('retry by range means all that failed in it', async () => {
    const argv = ['retry', '--since', '2h', '--until', '2026-07-01T12:30:00Z', '--new-key'];
    expect(await paramsOf('retry', argv)).toEqual({
      ids: [],
      failed: true,
      since: '2026-07-01T11:00:00.000Z',
      until: '2026-07-01T12:30:00.000Z',
      newKey: true,
    });
  });
});

describe('times', () => {
  test('back from now', () => {
    expect(timeArgument('30m', NOW)).toBe('2026-07-01T12:30:00.000Z');
    expect(timeArgument('1.5d', NOW)).toBe('2026-06-30T01:00:00.000Z');
  });

  test('ISO 8601, where no zone is the machine’s own', () => {
    expect(timeArgument('2026-07-01T14:00:00+02:00', NOW)).toBe('2026-07-01T12:00:00.000Z');
    expect(timeArgument('2026-07-01', NOW)).toBe(new Date(2026, 6, 1).toISOString());
    expect(timeArgument('2026-07-01 14:00', NOW)).toBe(new Date(2026, 6, 1, 14).toISOString());
  });

  test.each(['', 'now', '1', '2026', '01/07/2026', '2026-07-01T25:00', '-2h'])('%j is none', (text) => {
    expect(() => timeArgument(text, NOW)).toThrow('duration back from now');
  });
});

test('headers keep their order and refuse what could smuggle another', () => {
  expect(headerArgument('B: 2', { a: '1' })).toEqual({ a: '1', B: '2' });
  for (const bad of ['X: a\r\nY: b', ':x', 'a b: c', ''])
    expect(() => headerArgument(bad)).toThrow(/Name:value|line break/);
});

test('states add up without repeating', () => {
  expect(statesArgument('failed, conflict', ['failed'])).toEqual(['failed', 'conflict']);
});
