import { describe, expect, test } from 'vitest';
import { RpcRefusal } from '../../../src/protocol/rpc-errors.ts';
import type { OperationView, StatusView } from '../../../src/protocol/shapes.ts';
import { createContext } from '../../../src/cli/command-context.ts';
import { printStatus } from '../../../src/cli/commands/status.ts';
import { captureCli, cli, offlineAccess } from '../../support/captured-cli.ts';
import {
  eventView,
  operationDetail,
  operationView,
  plainHandlers,
  statusView,
} from '../../support/protocol-fixtures.ts';

const failed = operationView({
  state: 'failed',
  path: 'a\u001b[31m.txt',
  error: { code: 's3.access-denied', class: 'permanent', message: 'Not allowed.', hint: 'Allow it.', detail: null },
});

describe('without an engine', () => {
  test.each([[['status']], [['watch']], [['call', 'GET', 'https://x/', '--wait']]])(
    'longshore %j ends with 4 and queues nothing',
    async (argv) => {
      const access = offlineAccess(plainHandlers(), {
        openOffline: () => Promise.reject(new Error('the database was opened')),
      });
      const { exitCode, out, err } = await cli(argv, access);
      expect({ exitCode, out }).toEqual({ exitCode: 4, out: '' });
      expect(err).toContain('longshore run');
    },
  );

  test('ls gives the page as one document, whatever the pages of the engine', async () => {
    const handlers = plainHandlers({
      ls: ({ limit = 0, after }) => {
        const start = Number(after ?? 0);
        const items = Array.from({ length: Math.min(limit, 700) }, (_, index) =>
          operationView({ id: `id-${start + index}` }),
        );
        return Promise.resolve({ items, next: String(start + items.length) });
      },
    });
    const { exitCode, out } = await cli(['ls', '--json', '--limit', '1500'], offlineAccess(handlers));
    const page = JSON.parse(out) as { items: OperationView[]; next: string };
    expect(exitCode).toBe(0);
    expect(page.items.map(({ id }) => id)).toEqual(Array.from({ length: 1500 }, (_, index) => `id-${index}`));
    expect(page.next).toBe('1500');
  });

  test('ls for people shows names safely, and what is wrong', async () => {
    const { out } = await cli(
      ['ls'],
      offlineAccess(plainHandlers({ ls: () => Promise.resolve({ items: [failed], next: 'c1' }) })),
    );
    expect(out).toContain('drop: a␛[31m.txt');
    expect(out).toContain('Not allowed. (s3.access-denied)');
    expect(out).not.toContain('\u001b');
  });

  test.each([
    ['file.upload', 'drop: a.txt'],
    ['file.delete', 'delete drop: a.txt'],
    ['file.move', 'move to drop: a.txt'],
    ['file.download', 'download drop: a.txt'],
  ] as const)('P11: ls says what is done with the file of a %s', async (kind, words) => {
    const items = [operationView({ kind, path: 'a.txt' })];
    const { out } = await cli(
      ['ls'],
      offlineAccess(plainHandlers({ ls: () => Promise.resolve({ items, next: null }) })),
    );
    const [, row] = out.split('\n');
    expect(row).toMatch(new RegExp(String.raw`\s{2}${words}\s`));
  });

  test.each([
    [{ result: 'uploaded' }, null],
    [{ result: 'deleted' }, 'deleted'],
    [{ decision: 'adopt' }, 'adopt'],
    [{ result: 'downloaded', reason: 'restore' }, 'restore'],
  ])('P11: the history says what came of it: %j', async (details, words) => {
    const detail = operationDetail({ events: [eventView({ type: 'succeeded', to: 'succeeded', details })] });
    const access = offlineAccess(plainHandlers({ show: () => Promise.resolve(detail) }));
    const line = (await cli(['show', detail.id], access)).out.trimEnd().split('\n').at(-1)!;
    expect(line.endsWith(words === null ? 'main:demo/drop/a.txt' : `main:demo/drop/a.txt  ${words}`)).toBe(true);
  });

  test('deletes of a folder where none wait names that folder', async () => {
    const asked: unknown[] = [];
    const access = offlineAccess(
      plainHandlers({
        'deletes.ls': (params) => {
          asked.push(params);
          return Promise.resolve({ items: [] });
        },
      }),
    );
    expect((await cli(['deletes'], access)).out).toBe('No deletes wait.\n');
    expect((await cli(['deletes', 'no\u001bte'], access)).out).toBe('No deletes wait in a folder "no␛te".\n');
    expect(asked).toEqual([{}, { folder: 'no\u001bte' }]);
  });

  test('in a terminal it is coloured, unless --no-color says no', async () => {
    const access = offlineAccess(plainHandlers({ ls: () => Promise.resolve({ items: [failed], next: null }) }));
    expect((await cli(['ls'], access, { isTTY: true })).out).toContain('\u001b[31m');
    expect((await cli(['ls', '--no-color'], access, { isTTY: true })).out).not.toContain('\u001b');
    expect((await cli(['ls'], access, { isTTY: true, env: { NO_COLOR: '1' } })).out).not.toContain('\u001b');
  });

  test('show tells the history, the reply and what to do', async () => {
    const detail = operationDetail({
      ...failed,
      response: { status: 403, headers: {}, body: 'no\u0007', truncated: true },
    });
    const access = offlineAccess(plainHandlers({ show: () => Promise.resolve(detail) }));
    const { exitCode, out } = await cli(['show', failed.id], access);
    expect(exitCode).toBe(0);
    for (const words of ['Allow it.', 'HTTP 403 (shortened)', 'no␇', 'upload.queued']) expect(out).toContain(words);
    expect(JSON.parse((await cli(['show', failed.id, '--json'], access)).out)).toEqual(detail);
  });

  test('P11: only what a service said is told as its words', async () => {
    const error = { code: 's3.access-denied', class: 'permanent', message: 'No.', hint: '', detail: 'in its words' };
    const told = async (detailFrom?: 'service') => {
      const detail = operationDetail({ state: 'failed', error: { ...error, detailFrom } });
      return (await cli(['show', detail.id], offlineAccess(plainHandlers({ show: () => Promise.resolve(detail) }))))
        .out;
    };
    expect(await told('service')).toMatch(/^ {2}service says +in its words$/m);
    expect(await told()).toMatch(/^ {2}details +in its words$/m);
  });

  test('show tells the progress of what moves bytes, and of nothing else', async () => {
    const shown = async (patch: Parameters<typeof operationDetail>[0]) => {
      const detail = operationDetail({ state: 'running', bytesDone: 50, bytesTotal: 100, ...patch });
      const handlers = plainHandlers({ show: () => Promise.resolve(detail) });
      return (await cli(['show', detail.id], offlineAccess(handlers))).out;
    };
    expect(await shown({ kind: 'file.upload' })).toMatch(/^ {2}progress +50 B of 100 B, 50 %$/m);
    for (const kind of ['api.call', 'file.delete'] as const) expect(await shown({ kind })).not.toContain('progress');
  });

  test('a call whose key is there already says so, with its state', async () => {
    const known = operationView({ kind: 'api.call', folder: null, path: null, resourceKey: 'k', state: 'succeeded' });
    const argv = ['call', 'POST', 'https://x.example/', '--idempotency-key', 'k'];
    const first = await cli(argv, offlineAccess(plainHandlers({ call: () => Promise.resolve(known) })));
    expect(first.out).toMatch(/^Queued api\.call k\n/);
    const again = offlineAccess(plainHandlers({ call: () => Promise.resolve({ ...known, known: true }) }));
    expect((await cli(argv, again)).out).toMatch(/^Not queued again, .*\(it is succeeded\): api\.call k\n/);
  });

  test('what was named and refused ends with 2; what a range met is only told', async () => {
    const refused = [{ id: 'x', reason: 'It is done already.' }];
    const access = offlineAccess(
      plainHandlers({
        retry: () => Promise.resolve({ retried: ['y'], refused }),
        cancel: () => Promise.resolve({ cancelled: [], refused }),
        resolve: () => Promise.resolve({ resolved: [], refused }),
      }),
    );
    const named = await cli(['retry', 'x', 'y'], access);
    expect(named.exitCode).toBe(2);
    expect(named.err).toContain('x: It is done already.');
    expect((await cli(['retry', '--failed'], access)).exitCode).toBe(0);
    expect((await cli(['cancel', 'x'], access)).exitCode).toBe(2);
    expect((await cli(['resolve', 'x', '--keep', 'local'], access)).exitCode).toBe(2);
  });

  test.each([
    ['usage', 2],
    ['not-found', 2],
    ['not-available', 2],
    ['state', 2],
    ['config', 2],
    ['unexpected', 1],
  ] as const)('a refusal of kind %s ends with %i', async (kind, code) => {
    const refuse = () => Promise.reject(new RpcRefusal({ kind, message: 'No such thing.', hint: 'Look again.' }));
    const access = offlineAccess(plainHandlers({ show: refuse }));
    const { exitCode, out, err } = await cli(['show', 'x'], access);
    expect({ exitCode, out, err }).toEqual({ exitCode: code, out: '', err: 'error: No such thing.\nLook again.\n' });
    expect(JSON.parse((await cli(['show', 'x', '--json'], access)).err)).toMatchObject({
      error: { kind, exitCode: code },
    });
  });

  test('P12: secret set takes the value from standard input, and shows it nowhere', async () => {
    const seen: unknown[] = [];
    const access = offlineAccess(
      plainHandlers({
        'secret.set': (params) => {
          seen.push(params);
          return Promise.resolve({});
        },
      }),
    );
    const { exitCode, out, err } = await cli(['secret', 'set', 'TOKEN'], access, { stdin: 'hunter2 \n' });
    expect(seen).toEqual([{ name: 'TOKEN', value: 'hunter2 ' }]);
    expect(exitCode).toBe(0);
    expect(out + err).not.toContain('hunter2');
    expect(err).toBe('Its value begins or ends with a space. If that is not meant, set it again.\n');
    expect((await cli(['secret', 'set', 'TOKEN'], access, { stdin: 'AKID:s3cret\n' })).err).toBe('');
    expect((await cli(['secret', 'set', 'TOKEN'], access, { stdin: ' \n' })).exitCode).toBe(2);
    expect((await cli(['secret', 'set', 'TOKEN'], access, { stdin: '\n' })).exitCode).toBe(2);
    expect((await cli(['secret', 'rm', 'TOKEN'], access)).exitCode).toBe(2);
  });
});

describe('events', () => {
  const pages = plainHandlers({
    events: ({ afterSeq = 0, limit = 0 }) => {
      const items = Array.from({ length: Math.min(limit, 2500 - afterSeq) }, (_, index) =>
        eventView({ seq: afterSeq + index + 1 }),
      );
      const last = items.at(-1)?.seq ?? 2500;
      return Promise.resolve({ items, next: last < 2500 ? last : null });
    },
  });

  test('are one document, of all pages', async () => {
    const { out } = await cli(['events', '--json'], offlineAccess(pages));
    const { items, next } = JSON.parse(out) as { items: { seq: number }[]; next: null };
    expect(items.map(({ seq }) => seq)).toEqual(Array.from({ length: 2500 }, (_, index) => index + 1));
    expect(next).toBeNull();
  });

  test('of which there are none are an empty document', async () => {
    const none = plainHandlers({ events: () => Promise.resolve({ items: [], next: null }) });
    expect(JSON.parse((await cli(['events', '--json'], offlineAccess(none))).out)).toEqual({ items: [], next: null });
  });

  test('as CSV are safe for spreadsheets', async () => {
    const event = eventView({ resourceKey: '=cmd|"/c calc"!A1', details: { reason: 'a,b' } });
    const { out } = await cli(
      ['events', '--csv'],
      offlineAccess(plainHandlers({ events: () => Promise.resolve({ items: [event], next: null }) })),
    );
    const [head, line] = out.split('\r\n');
    expect(head).toBe('seq,id,operationId,resourceKey,type,from,to,at,source,correlationId,details');
    expect(line).toContain(`"'=cmd|""/c calc""!A1"`);
    expect(line).toContain('"{""reason"":""a,b""}"');
  });
});

describe('status', () => {
  const statusOf = (status: StatusView) => {
    const captured = captureCli();
    printStatus(status, createContext(captured.io, offlineAccess(), {}));
    return captured.stdout.text;
  };

  test('P11: the same trouble of many items is told once, with how many, the first names and how to see all', () => {
    const items = Array.from({ length: 20 }, (_, index) => ({ ...failed, id: `id-${index}`, path: `f${index}.txt` }));
    const other = operationView({ id: 'other', state: 'conflict', path: 'mine.txt' });
    const out = statusOf(statusView({ attention: [...items, other], counts: { failed: 344, conflict: 1 } }));
    expect(out.split('Not allowed. (s3.access-denied)')).toHaveLength(2);
    expect(out.split('Allow it.')).toHaveLength(2);
    for (const words of [
      'failed  20 items',
      'id-0  drop: f0.txt',
      'and 17 more: longshore ls --state failed\n',
      'other  conflict  drop: mine.txt',
      'These are the latest 21 of 345: longshore ls --state failed,conflict',
    ])
      expect(out).toContain(words);
    expect(out).not.toContain('f3.txt');
  });

  test('P11: words that all of them have in common are told with it, others are not', () => {
    const item = (detail: string) => operationView({ state: 'failed', error: { ...failed.error!, detail } });
    expect(
      statusOf(statusView({ attention: ['no profile "w"', 'no profile "w"', 'no profile "w"'].map(item) })),
    ).toContain('\n    no profile "w"\n');
    expect(statusOf(statusView({ attention: ['words 1', 'words 2', 'words 3'].map(item) }))).not.toContain('words');
  });

  test('P11: a configuration that can’t be used is named, with what is wrong and what goes on', () => {
    const { engine } = statusView();
    const out = statusOf(
      statusView({ configProblems: ['c.yaml:3:5 no'], engine: { ...engine, configFile: '/etc/c.yaml' } }),
    );
    expect(out).toContain('/etc/c.yaml was changed and can’t be used (1 problem):\n  c.yaml:3:5 no\n');
    expect(out).toContain('goes on with the last good one');
  });
});

test('trouble that nobody foresaw is exit 1, in one line', async () => {
  const access = offlineAccess(plainHandlers(), { openOffline: () => Promise.reject(new Error('disk I/O error')) });
  const { exitCode, err } = await cli(['ls'], access);
  expect(exitCode).toBe(1);
  expect(err).toContain('disk I/O error');
  expect(err).not.toContain('at ');
});
