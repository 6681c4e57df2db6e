import { describe, expect, it } from 'vitest';
import { sleep } from '../../../src/core/clock.ts';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import type { ErrorCode } from '../../../src/core/error-table.ts';
import { AfterUpload } from '../../../src/sync/after-upload.ts';
import type { Executor, Outcome } from '../../../src/sync/outcome.ts';
import { recordAfterUpload, type AfterUploadRule } from '../../../src/sync/record-after-upload.ts';
import { settle } from '../../../src/sync/settle.ts';
import { constantRandom } from '../../support/manual-clock.ts';
import {
  bringTo,
  eventTypes,
  fingerprint,
  lease,
  makeOutbox,
  queueUpload,
  uploadSpecFor,
} from '../../support/outbox.ts';

const FOLDERS = new Set(['drop', 'nas']);
const STATE = fingerprint(1);
const TRASH: AfterUploadRule = { action: 'trash', archivePath: null };
const POLICY = { maxAttempts: 3, initialDelayMs: 1, maxDelayMs: 1, multiplier: 1, jitter: 'none' } as const;

/** What waits for nothing but its turn goes on. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

function bench(fail: () => ErrorCode | null = () => null) {
  const outbox = makeOutbox();
  const { repos, clock } = outbox;
  const done: string[] = [];
  const gate = { open: true };
  /** What the folder wants for each file now. */
  const rules = new Map<string, AfterUploadRule | null>();
  const act = (...what: readonly string[]) => {
    const code = fail();
    if (code !== null) return Promise.reject(new LongshoreError(code, { detail: 'why' }));
    done.push(what.join(' '));
    return Promise.resolve();
  };
  /** What archives of the folder "nas" wait for. */
  const hanging = Promise.withResolvers<undefined>();
  const fatal: unknown[] = [];
  const job = new AfterUpload({
    repos,
    clock,
    random: constantRandom(1),
    changes: {
      trash: (path) => act('trash', path),
      archive: async (path, _, to, __, signal) => {
        if (path.endsWith('/slow.txt')) await sleep(clock, 60_000, signal);
        if (path.startsWith('/srv/nas/')) await hanging.promise;
        await act('archive', path, to);
      },
      forgetArchive: (_, to) => act('forget', to),
    },
    root: (folder) => (FOLDERS.has(folder) ? `/srv/${folder}` : null),
    rule: ({ path }) => rules.get(path) ?? null,
    isOpen: () => gate.open,
    onChange: () => undefined,
    onFatal: (error) => fatal.push(error),
  });
  const intend = (path: string, rule: AfterUploadRule = TRASH, folder = 'drop') => {
    const operation = bringTo(outbox, queueUpload(outbox, path), 'succeeded');
    repos.files.put({
      folder,
      dir: '',
      name: path,
      key: `${folder}/${path}`,
      fingerprint: STATE,
      sizeBytes: 100,
      mtimeMs: 0,
      base: { etag: 'e', versionId: null },
      checksum: null,
      operation: operation.id,
    });
    const { id } = operation;
    rules.set(path, rule);
    repos.afterUploads.insert({ operation: id, ...rule, folder, path, fingerprint: STATE, dueAt: clock.now() });
    return operation;
  };
  const rest = async () => {
    job.wake();
    await expect.poll(() => job.idle()).toBe(true);
  };
  return { outbox, repos, clock, job, done, gate, rules, hanging, fatal, intend, rest };
}

describe('P13: what is done with a file after its upload', () => {
  it('is done once, and its row is no longer a present file', async () => {
    const { outbox, repos, clock, done, intend, rest } = bench();
    const operation = intend('a.txt');
    intend('b.txt', { action: 'archive', archivePath: '/old/b.txt' });
    await rest();
    await rest();
    expect(done.sort()).toEqual(['archive /srv/drop/b.txt /old/b.txt', 'trash /srv/drop/a.txt']);
    expect(repos.files.get('drop', '', 'a.txt')).toMatchObject({ fingerprint: null, base: { etag: 'e' } });
    // It is forgotten with all that is gone, and its object stays.
    expect(repos.tombstones.get('drop', '', 'a.txt')).toMatchObject({ goneAt: clock.now(), deleteRemote: false });
    expect(repos.afterUploads.nextDue()).toEqual([]);
    expect(eventTypes(outbox, operation)).toContain('file-trashed');
  });

  it('is not done where a newer state is known, or the disk has one', async () => {
    const { outbox, repos, done, intend, rest } = bench();
    const known = intend('a.txt');
    repos.files.put({ ...repos.files.get('drop', '', 'a.txt')!, fingerprint: fingerprint(2) });
    await rest();
    expect(done).toEqual([]);
    expect(eventTypes(outbox, known)).toContain('left-in-place');
    const unknown = bench(() => 'local.changed');
    const operation = unknown.intend('a.txt');
    await unknown.rest();
    expect(eventTypes(unknown.outbox, operation)).toContain('left-in-place');
    expect(unknown.repos.files.get('drop', '', 'a.txt')?.fingerprint).toBe(STATE);
    expect(unknown.repos.afterUploads.nextDue()).toEqual([]);
  });

  it('P13: where a newer state is known, what a dead attempt left in the archive still goes', async () => {
    const codes: (ErrorCode | null)[] = ['local.io', null];
    const { outbox, repos, clock, done, intend, rest } = bench(() => codes.shift() ?? null);
    const operation = intend('a.txt', { action: 'archive', archivePath: '/old/a.txt' });
    repos.files.put({ ...repos.files.get('drop', '', 'a.txt')!, fingerprint: fingerprint(2) });
    await rest();
    expect(repos.afterUploads.nextDue()).toHaveLength(1);
    clock.advance(1000);
    await rest();
    expect(done).toEqual(['forget /old/a.txt']);
    expect(repos.afterUploads.nextDue()).toEqual([]);
    expect(eventTypes(outbox, operation)).toContain('left-in-place');
  });

  it('P13: nor where its folder goes to another place by now; what a dead attempt left goes soon', async () => {
    const codes: (ErrorCode | null)[] = ['local.io', null];
    const { outbox, repos, clock, done, intend, rest } = bench(() => codes.shift() ?? null);
    const operation = intend('a.txt', { action: 'archive', archivePath: '/old/a.txt' });
    await rest();
    // As `startAnew` does; the inventory is empty then.
    repos.afterUploads.annul('drop', 'the folder goes to another place now', clock.now());
    repos.files.put({ ...repos.files.get('drop', '', 'a.txt')!, fingerprint: null });
    await rest();
    expect(done).toEqual(['forget /old/a.txt']);
    expect(repos.afterUploads.nextDue()).toEqual([]);
    expect(outbox.repos.events.latestOf(operation.id, 1)[0]).toMatchObject({
      type: 'left-in-place',
      details: { path: 'a.txt', reason: 'the folder goes to another place now' },
    });
  });

  it.each<[string, AfterUploadRule, AfterUploadRule | null, string[]]>([
    ['keep instead of trash', TRASH, null, []],
    ['archive instead of trash', TRASH, { action: 'archive', archivePath: '/old/a.txt' }, []],
    ['keep instead of archive', { action: 'archive', archivePath: '/old/a.txt' }, null, ['forget /old/a.txt']],
    [
      'another archive',
      { action: 'archive', archivePath: '/old/a.txt' },
      { action: 'archive', archivePath: '/new/a.txt' },
      ['forget /old/a.txt'],
    ],
  ])('P13: a file stays where its folder wants something else by now: %s', async (_title, before, after, expected) => {
    const { outbox, repos, done, rules, intend, rest } = bench();
    const operation = intend('a.txt', before);
    rules.set('a.txt', after);
    await rest();
    expect(done).toEqual(expected);
    expect(repos.afterUploads.nextDue()).toEqual([]);
    expect(repos.files.get('drop', '', 'a.txt')?.fingerprint).toBe(STATE);
    expect(outbox.repos.events.latestOf(operation.id, 1)[0]).toMatchObject({
      type: 'left-in-place',
      details: { reason: 'the rule of its folder is another one now' },
    });
  });

  it('P5: is taken as done where the file is gone: an attempt that died did it', async () => {
    const { repos, intend, rest } = bench(() => 'local.vanished');
    intend('a.txt');
    await rest();
    expect(repos.afterUploads.nextDue()).toEqual([]);
    expect(repos.files.get('drop', '', 'a.txt')?.fingerprint).toBeNull();
  });

  it('is tried again when it fails, said once, later each time, at most an hour', async () => {
    let fails = 9;
    const { outbox, repos, clock, done, intend, rest } = bench(() => (fails-- > 0 ? 'local.trash-failed' : null));
    const operation = intend('a.txt');
    await rest();
    const waits: number[] = [];
    while (repos.afterUploads.nextDue().length > 0) {
      const at = repos.afterUploads.nextDue()[0]!.at;
      waits.push(at - clock.now());
      clock.advance(at - clock.now());
      await rest();
    }
    expect(done).toEqual(['trash /srv/drop/a.txt']);
    expect(waits[0]).toBe(1000);
    expect(Math.max(...waits)).toBe(3_600_000);
    expect(eventTypes(outbox, operation).filter((type) => type === 'left-in-place')).toHaveLength(1);
  });

  it('P9: waits while the folder is paused or frozen', async () => {
    const { done, gate, intend, job, rest } = bench();
    gate.open = false;
    intend('a.txt');
    job.wake();
    expect(job.idle()).toBe(true);
    expect(done).toEqual([]);
    gate.open = true;
    await rest();
    expect(done).toHaveLength(1);
  });

  const ARCHIVE: AfterUploadRule = { action: 'archive', archivePath: '/nas/a.txt' };

  it('P10: an archive that hangs holds up no other folder', async () => {
    const { done, hanging, intend, job, rest } = bench();
    intend('a.txt', ARCHIVE, 'nas');
    intend('b.txt');
    job.wake();
    await expect.poll(() => done).toEqual(['trash /srv/drop/b.txt']);
    expect(job.idle()).toBe(false);
    hanging.resolve(undefined);
    await rest();
    expect(done).toContain('archive /srv/nas/a.txt /nas/a.txt');
  });

  it('P10: an archive that hangs is nothing to wait for once its folder is frozen', async () => {
    const { job, gate, hanging, intend, rest } = bench();
    intend('a.txt', ARCHIVE, 'nas');
    job.wake();
    await turn();
    expect(job.idle()).toBe(false);
    gate.open = false;
    expect(job.idle()).toBe(true);
    gate.open = true;
    expect(job.idle()).toBe(false);
    hanging.resolve(undefined);
    await rest();
  });

  it('P10: an archive that hangs does not keep the engine from ending, and writes nothing after that', async () => {
    const { outbox, repos, clock, done, fatal, hanging, intend, job } = bench();
    const operation = intend('a.txt', ARCHIVE, 'nas');
    job.wake();
    await turn();
    let ended = false;
    const stopped = job.stop().then(() => (ended = true));
    clock.advance(3999);
    await turn();
    expect(ended).toBe(false);
    clock.advance(1);
    await stopped;
    expect(clock.armed).toBe(0);
    hanging.resolve(undefined);
    await expect.poll(() => done).toHaveLength(1);
    await turn();
    expect(repos.afterUploads.nextDue()).toHaveLength(1);
    expect(eventTypes(outbox, operation)).not.toContain('file-archived');
    expect(fatal).toEqual([]);
  });

  it('P10: an archive that is stopped is no failure: it is due again at the next start', async () => {
    const { outbox, repos, clock, intend, job } = bench();
    const operation = intend('slow.txt', ARCHIVE);
    job.wake();
    await turn();
    await job.stop();
    expect(clock.armed).toBe(0);
    expect(repos.afterUploads.due('drop', clock.now(), 10)).toMatchObject([{ attempts: 0 }]);
    expect(eventTypes(outbox, operation)).not.toContain('left-in-place');
  });

  it('leaves no timer behind', async () => {
    const { clock, intend, job, rest } = bench(() => 'local.trash-failed');
    intend('a.txt');
    await rest();
    expect(clock.armed).toBe(1);
    await job.stop();
    expect(clock.armed).toBe(0);
  });
});

describe('the record of what is to be done', () => {
  async function run(outcome: Outcome, rule: AfterUploadRule | null = TRASH) {
    const outbox = makeOutbox();
    const { repos, clock, random } = outbox;
    const inner: Executor = { run: () => Promise.resolve(outcome) };
    const executor = recordAfterUpload(inner, { repos, clock, rule: () => rule });
    const spec = uploadSpecFor('drop/a', { fingerprint: STATE });
    const leased = lease(outbox, queueUpload(outbox, 'a', { spec }));
    const signal = new AbortController().signal;
    const result = await executor.run(leased, { signal, commitSignal: signal, progress: () => undefined });
    repos.transaction(() => settle(repos, leased, result, POLICY, random, clock.now()));
    return repos.afterUploads.due('drop', clock.now(), 10);
  }
  const success = (result: string, verified: boolean | null): Outcome => ({
    kind: 'succeeded',
    change: { verified },
    details: { result, verified },
  });

  it.each(['uploaded', 'copied', 'already-written', 'identical', 'unchanged'])(
    'is made with the success of %s',
    async (result) => {
      expect(await run(success(result, true))).toMatchObject([{ action: 'trash', path: 'a', fingerprint: STATE }]);
    },
  );

  it('P3: is not made for what could not be verified', async () => {
    expect(await run(success('uploaded', false))).toEqual([]);
    expect(await run(success('uploaded', null))).toEqual([]);
    expect(await run(success('unchanged', null))).toEqual([]);
  });

  it.each<[string, Outcome]>([
    ['a success that stored no bytes of the file', success('version-restored', true)],
    ['a failure', { kind: 'failed', error: new LongshoreError('s3.server-error') }],
    ['a stop', { kind: 'stopped' }],
  ])('is not made for %s', async (_title, outcome) => {
    expect(await run(outcome)).toEqual([]);
  });

  it('is not made where the folder keeps its files', async () => {
    expect(await run(success('uploaded', true), null)).toEqual([]);
  });
});
