import { readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { OperationDetail } from '../../../src/protocol/shapes.ts';
import { MIB, noise, Rig, SERVERS, type TestServer } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { startStandIn } from '../../support/s3-servers.ts';

type Strategy = 'manual' | 'keep-both' | 'local-wins' | 'remote-wins' | 'newest-wins';
type DecisionDetails = Readonly<Record<string, unknown>>;

/** The decision that stands in the history of an item. */
function decisionOf({ events }: OperationDetail): { readonly source: string; readonly details: DecisionDetails } {
  const found = events.findLast((event) => event.type === 'resolved');
  if (found === undefined) throw new Error('nothing was decided');
  return found;
}

describe.each(SERVERS)('conflict strategies against %s', (_name, startServer) => {
  let server: TestServer;
  let rig: Rig;
  rigForEach(startServer, async (started) => {
    server = started;
    return (rig = await Rig.create(server));
  });

  /** Ours was stored, then both sides changed it. Returns the state in which our edit ended, and both versions. */
  async function bothChanged(
    strategy: Strategy,
    state: 'succeeded' | 'conflict',
    edited: string | Buffer = 'ours, edited',
  ) {
    rig.configure({ folder: { conflict: strategy } });
    rig.write('a.txt', 'ours');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    const ours = (await rig.bucket.get('drop/a.txt'))!.etag;
    const theirs = await rig.bucket.put('drop/a.txt', 'theirs');
    const before = (await rig.item('a.txt')).id;
    rig.write('a.txt', edited);
    const item = await rig.untilItem('a.txt', state, 20_000, ({ id }) => id !== before);
    return { item, detail: await rig.show(item.id), ours, theirs };
  }

  /** The next scan is quiet, and the next edit is judged afresh. */
  async function expectSettled(): Promise<void> {
    await rig.untilQuiet();
    const before = await rig.ls();
    await rig.rescan();
    expect(await rig.ls()).toEqual(before);
    rig.write('a.txt', 'edited afterwards');
    await rig.untilStored('drop/a.txt', 'edited afterwards');
  }

  it('P4: local-wins replaces exactly the version that was met, and tells both', async () => {
    const { detail, ours, theirs } = await bothChanged('local-wins', 'succeeded');
    expect(await rig.bucket.text('drop/a.txt')).toBe('ours, edited');
    expect(decisionOf(detail)).toMatchObject({
      source: 'internal',
      details: { keep: 'local', strategy: 'local-wins', base: { etag: ours }, remote: { etag: theirs, sizeBytes: 6 } },
    });
    await expectSettled();
  });

  it('P4: local-wins of a large file sends its parts once', async () => {
    const edited = noise(6 * MIB);
    const { detail } = await bothChanged('local-wins', 'succeeded', edited);
    expect((await rig.bucket.get('drop/a.txt'))?.body.equals(edited)).toBe(true);
    expect(decisionOf(detail).details).toMatchObject({ keep: 'local' });
    expect(await rig.bucket.openUploads()).toEqual([]);
  });

  it('P4: remote-wins sends nothing', async () => {
    const { detail, theirs } = await bothChanged('remote-wins', 'succeeded');
    expect((await rig.bucket.get('drop/a.txt'))?.etag).toBe(theirs);
    expect(decisionOf(detail)).toMatchObject({
      source: 'internal',
      details: { keep: 'remote', remote: { etag: theirs } },
    });
    await expectSettled();
  });

  it('P4: keep-both puts ours beside theirs', async () => {
    const { detail } = await bothChanged('keep-both', 'succeeded');
    const beside = (await rig.bucket.keys()).find((key) => key !== 'drop/a.txt')!;
    expect(beside).toMatch(/^drop\/a \(conflict testbox \d{4}-\d\d-\d\d [\d-]{8}\)\.txt$/);
    expect([await rig.bucket.text('drop/a.txt'), await rig.bucket.text(beside)]).toEqual(['theirs', 'ours, edited']);
    expect(decisionOf(detail).details).toMatchObject({ keep: 'both', besideKey: beside });
    await expectSettled();
    expect(await rig.bucket.text(beside)).toBe('ours, edited');
  });

  it('P4: newest-wins goes by the time of the file and the service’s LastModified', async () => {
    rig.configure({ folder: { conflict: 'newest-wins' } });
    for (const path of ['new.txt', 'old.txt']) rig.write(path, 'ours');
    await rig.start();
    await rig.untilItem('new.txt', 'succeeded');
    await rig.untilItem('old.txt', 'succeeded');
    for (const path of ['new.txt', 'old.txt']) await rig.bucket.put(`drop/${path}`, 'theirs');
    const before = await rig.ls();
    await rig.json('pause');
    for (const [path, ageSeconds] of [
      ['new.txt', -3600],
      ['old.txt', 3600],
    ] as const) {
      rig.write(path, 'ours, edited');
      utimesSync(rig.at(path), new Date(), new Date(Date.now() - ageSeconds * 1000));
    }
    await rig.json('resume');
    const fresh = ({ id }: { readonly id: string }) => !before.some((item) => item.id === id);
    const newer = await rig.untilItem('new.txt', 'succeeded', 20_000, fresh);
    const older = await rig.untilItem('old.txt', 'succeeded', 20_000, fresh);
    expect(decisionOf(await rig.show(newer.id)).details).toMatchObject({ keep: 'local', reason: 'local-newer' });
    expect(decisionOf(await rig.show(older.id)).details).toMatchObject({ keep: 'remote', reason: 'remote-newer' });
    expect(await rig.bucket.text('drop/new.txt')).toBe('ours, edited');
    expect(await rig.bucket.text('drop/old.txt')).toBe('theirs');
  });

  it('P11: newest-wins that can not decide asks, and says why', async () => {
    rig.configure({ folder: { conflict: 'newest-wins' } });
    rig.write('a.txt', 'ours');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    await rig.bucket.remove('drop/a.txt');
    rig.write('a.txt', 'ours, edited');
    const conflict = await rig.untilItem('a.txt', 'conflict');
    expect(conflict.error).toMatchObject({
      code: 'conflict.deleted',
      detail: expect.stringMatching(/not known/) as string,
    });
    const shown = await rig.cli('conflicts');
    expect(shown.out).toMatch(/strategy newest-wins: It is not known/);
    expect(await rig.json('conflicts')).toMatchObject({ items: [{ strategy: 'newest-wins' }] });
  });

  it.each([
    ['local-wins', 'ours, edited'],
    ['keep-both', 'ours, edited'],
    ['remote-wins', null],
  ] as const)('what they deleted, by %s', async (strategy, stored) => {
    rig.configure({ folder: { conflict: strategy } });
    rig.write('a.txt', 'ours');
    await rig.start();
    const { id: first } = await rig.untilItem('a.txt', 'succeeded');
    await rig.bucket.remove('drop/a.txt');
    rig.write('a.txt', 'ours, edited');
    await rig.untilItem('a.txt', 'succeeded', 20_000, ({ id }) => id !== first);
    expect(await rig.bucket.text('drop/a.txt')).toBe(stored);
    await expectSettled();
  });

  it('identical content is no conflict, whatever the strategy', async () => {
    const { detail } = await bothChanged('keep-both', 'succeeded', 'theirs');
    expect(detail.events.map(({ type }) => type)).not.toContain('resolved');
    expect(await rig.bucket.keys()).toEqual(['drop/a.txt']);
  });

  it('many are resolved at once: all of a folder, or all', async () => {
    rig.configure({ folders: [rig.folderConfig('drop'), rig.folderConfig('more')] });
    for (const folder of ['drop', 'more']) {
      for (const path of ['a.txt', 'b.txt']) {
        await rig.bucket.put(`${folder}/${path}`, 'theirs');
        rig.write(path, 'ours', folder);
      }
    }
    await rig.start();
    await expect.poll(async () => (await rig.status()).counts.conflict, { timeout: 20_000 }).toBe(4);
    expect((await rig.cli('resolve', '--keep', 'local')).exitCode).toBe(2);
    expect((await rig.cli('resolve', 'x', '--all', '--keep', 'local')).exitCode).toBe(2);
    expect((await rig.cli('resolve', '--folder', 'nowhere', '--keep', 'local')).exitCode).toBe(2);
    expect(await rig.json('resolve', '--folder', 'more', '--keep', 'local')).toMatchObject({ refused: [] });
    await rig.untilStored('more/a.txt', 'ours');
    await rig.untilStored('more/b.txt', 'ours');
    expect((await rig.status()).counts.conflict).toBe(2);
    const { resolved } = (await rig.json('resolve', '--all', '--keep', 'remote')) as { resolved: string[] };
    expect(resolved).toHaveLength(2);
    expect((await rig.status()).counts.conflict).toBe(0);
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
  });
});

describe('conflict strategies in mirror mode', () => {
  let server: TestServer;
  let rig: Rig;
  rigForEach(startStandIn, async (started) => {
    server = started;
    return (rig = await Rig.create(server));
  });

  const local = (path: string): string => readFileSync(rig.at(path), 'utf8');

  async function stored(conflict: Strategy): Promise<string> {
    rig.configure({ folder: { mode: 'mirror', conflict, deletes: { grace: '0s' } } });
    rig.write('a.txt', 'ours');
    await rig.start();
    return (await rig.untilItem('a.txt', 'succeeded')).id;
  }

  it('P13: remote-wins brings theirs, and keeps ours aside', async () => {
    const first = await stored('remote-wins');
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours, edited');
    await rig.untilItem('a.txt', 'succeeded', 20_000, ({ id, kind }) => id !== first && kind === 'file.download');
    expect(local('a.txt')).toBe('theirs');
    const aside = readdirSync(rig.folder()).find((name) => name.includes('(conflict testbox'))!;
    expect(local(aside)).toBe('ours, edited');
    await rig.untilQuiet();
    const before = await rig.ls();
    await rig.rescan();
    expect(await rig.ls()).toEqual(before);
    // What was brought here is the base of the next edit.
    rig.write('a.txt', 'edited afterwards');
    await rig.untilStored('drop/a.txt', 'edited afterwards');
  });

  it('P4: a delete whose object they changed waits for a person: keep local deletes it, keep remote brings it back', async () => {
    await stored('manual');
    rig.write('b.txt', 'ours');
    await rig.untilItem('b.txt', 'succeeded');
    for (const path of ['a.txt', 'b.txt']) {
      await rig.bucket.put(`drop/${path}`, 'theirs');
      rmSync(rig.at(path));
      const conflict = await rig.untilItem(path, 'conflict', 30_000, ({ kind }) => kind === 'file.delete');
      expect(await rig.bucket.text(`drop/${path}`)).toBe('theirs');
      await rig.json('resolve', conflict.id, '--keep', path === 'a.txt' ? 'local' : 'remote');
    }
    await expect.poll(() => rig.bucket.keys(), { timeout: 20_000 }).toEqual(['drop/b.txt']);
    await rig.untilItem('b.txt', 'succeeded', 20_000, ({ kind }) => kind === 'file.download');
    expect(local('b.txt')).toBe('theirs');
    await rig.untilQuiet();
    expect(await rig.bucket.keys()).toEqual(['drop/b.txt']);
  });
});
