import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

let server: StandIn;
let rig: Rig;
const MIRROR = { mode: 'mirror', deletes: { grace: '2s' } };
rigForEach(startStandIn, async (started) => {
  server = started;
  return (rig = await Rig.create(server, { folder: MIRROR }));
});

async function startWith(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) rig.write(path, content);
  await rig.start();
  await atRest(Object.keys(files).length);
}

/** All is sent, and the scan that found it has ended: from now on a new name may be a move. */
async function atRest(sent: number, deadlineMs = 60_000): Promise<void> {
  await until('all is sent', async () => (await rig.status()).counts.succeeded === sent, deadlineMs);
  await until('the folder is at rest', async () => (await rig.status()).folders[0]?.lastScanAt !== null);
  server.counters.reset();
}

async function untilStorage(expected: Readonly<Record<string, string>>, deadlineMs = 20_000): Promise<void> {
  const wanted = JSON.stringify(Object.entries(expected).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  let seen: [string, string | null][] = [];
  try {
    await until(
      'the storage holds this',
      async () => {
        const keys = await rig.bucket.keys();
        seen = await Promise.all(keys.map(async (key) => [key, await rig.bucket.text(key)] as [string, string | null]));
        return JSON.stringify(seen) === wanted;
      },
      deadlineMs,
    );
  } catch (error) {
    throw new Error(`the storage has ${JSON.stringify(seen)}\n${(await kinds()).join('\n')}`, { cause: error });
  }
  await rig.untilQuiet();
}

const move = (from: string, to: string) => {
  renameSync(rig.at(from), rig.at(to));
};
/** Requests about users' objects: what Longshore asks to find out about the service is left out. */
const requests = (operation: 'CopyObject' | 'PutObject' | 'DeleteObject') =>
  server.counters
    .log()
    .filter((request) => request.operation === operation && /^(drop|other)\/(?!\.)/.test(request.key ?? '')).length;
const kinds = async () => (await rig.ls()).map(({ kind, state, path }) => `${kind} ${state} ${path ?? ''}`);

describe('P2: a rename', () => {
  it('is a copy at the service and a delete: no byte of the file is sent again', async () => {
    await startWith({ 'a.txt': 'the content' });
    move('a.txt', 'b.txt');
    await untilStorage({ 'drop/b.txt': 'the content' });
    expect([requests('CopyObject'), requests('PutObject'), requests('DeleteObject')]).toEqual([1, 0, 1]);
    expect(await rig.untilItem('b.txt', 'succeeded')).toMatchObject({ kind: 'file.move' });
  });

  it('in drop mode: a copy, and the old object stays', async () => {
    rig.configure();
    await startWith({ 'a.txt': 'the content' });
    move('a.txt', 'b.txt');
    await untilStorage({ 'drop/a.txt': 'the content', 'drop/b.txt': 'the content' });
    expect([requests('CopyObject'), requests('PutObject'), requests('DeleteObject')]).toEqual([1, 0, 0]);
  });

  it('while stopped is found at the start', async () => {
    await startWith({ 'a.txt': 'the content', 'c.txt': 'c' });
    await rig.stop();
    mkdirSync(rig.at('sub'));
    move('a.txt', 'sub/b.txt');
    await rig.start();
    await untilStorage({ 'drop/c.txt': 'c', 'drop/sub/b.txt': 'the content' });
    expect([requests('CopyObject'), requests('PutObject')]).toEqual([1, 0]);
  });

  it('and edit at once is an upload and a delete', async () => {
    await startWith({ 'a.txt': 'the content' });
    move('a.txt', 'b.txt');
    writeFileSync(rig.at('b.txt'), 'other content');
    await untilStorage({ 'drop/b.txt': 'other content' });
    expect([requests('CopyObject'), requests('PutObject')]).toEqual([0, 1]);
  });

  it('onto an existing name replaces that one’s version', async () => {
    await startWith({ 'a.txt': 'content of a', 'b.txt': 'content of b' });
    move('a.txt', 'b.txt');
    await untilStorage({ 'drop/b.txt': 'content of a' });
  });

  it('there and back within the grace sends nothing', async () => {
    await startWith({ 'a.txt': 'the content' });
    await rig.json('pause');
    move('a.txt', 'b.txt');
    await rig.untilItem('b.txt', 'pending');
    move('b.txt', 'a.txt');
    await until('it is queued anew', async () => (await rig.item('a.txt')).state === 'pending');
    await rig.json('resume');
    await untilStorage({ 'drop/a.txt': 'the content' });
    expect([requests('CopyObject'), requests('PutObject'), requests('DeleteObject')]).toEqual([0, 0, 0]);
  });

  it('of a rename that has not run yet moves from where the object is', async () => {
    await startWith({ 'a.txt': 'the content' });
    await rig.json('pause');
    move('a.txt', 'b.txt');
    await rig.untilItem('b.txt', 'pending');
    move('b.txt', 'c.txt');
    await rig.untilItem('c.txt', 'pending');
    await rig.json('resume');
    await untilStorage({ 'drop/c.txt': 'the content' });
    expect([requests('CopyObject'), requests('PutObject'), requests('DeleteObject')]).toEqual([1, 0, 1]);
    expect(await kinds()).toEqual([
      'file.upload succeeded a.txt',
      'file.move superseded b.txt',
      'file.move succeeded c.txt',
    ]);
  });

  it('of a file that was not sent yet sends it under its new name', async () => {
    await startWith({ 'x.txt': 'x' });
    await rig.json('pause');
    rig.write('a.txt', 'the content');
    await rig.untilItem('a.txt', 'pending');
    move('a.txt', 'b.txt');
    await rig.untilItem('b.txt', 'pending');
    await rig.json('resume');
    await untilStorage({ 'drop/b.txt': 'the content', 'drop/x.txt': 'x' });
    expect(requests('PutObject')).toBe(1);
  });

  it('of a directory by case alone: each of its files is a copy', async () => {
    await startWith({ 'Album/a.txt': 'content a', 'Album/Deep/b.txt': 'content bb' });
    move('Album', 'album');
    move('album/Deep', 'album/deep');
    await untilStorage({ 'drop/album/a.txt': 'content a', 'drop/album/deep/b.txt': 'content bb' });
    expect([requests('CopyObject'), requests('PutObject'), requests('DeleteObject')]).toEqual([2, 0, 2]);
  });

  it('of case alone is a move', async () => {
    await startWith({ 'Report.txt': 'the content' });
    move('Report.txt', 'report.txt');
    await untilStorage({ 'drop/report.txt': 'the content' });
    expect([requests('CopyObject'), requests('PutObject')]).toEqual([1, 0]);
  });

  it('to another spelling of the same name keeps the one object', async () => {
    await startWith({ 'cafe\u0301.txt': 'the content', 'other.txt': 'goes' });
    move('cafe\u0301.txt', 'caf\u00e9.txt');
    await rig.untilItem('caf\u00e9.txt', 'succeeded');
    // Deleted later, it follows later: by then the grace of the old spelling is over as well.
    rmSync(rig.at('other.txt'));
    await untilStorage({ 'drop/caf\u00e9.txt': 'the content' });
    expect(requests('DeleteObject')).toBe(1);
  });

  it('of two files into each other sends both', async () => {
    await startWith({ 'a.txt': 'content of a', 'b.txt': 'content of b!' });
    move('a.txt', 't');
    move('b.txt', 'a.txt');
    move('t', 'b.txt');
    await untilStorage({ 'drop/a.txt': 'content of b!', 'drop/b.txt': 'content of a' });
    expect([requests('CopyObject'), requests('PutObject'), requests('DeleteObject')]).toEqual([0, 2, 0]);
  });

  it('of a chain at once (c to d, b to c, a to b) sends each once, and takes the first name away', async () => {
    await startWith({ 'a.txt': 'content a', 'b.txt': 'content bb', 'c.txt': 'content ccc' });
    for (const [from, to] of ['cd', 'bc', 'ab'] as const) move(`${from}.txt`, `${to}.txt`);
    await untilStorage({ 'drop/b.txt': 'content a', 'drop/c.txt': 'content bb', 'drop/d.txt': 'content ccc' });
    // Their old names are taken, so they are no moves; only the first name is free in the end.
    expect([requests('CopyObject'), requests('PutObject'), requests('DeleteObject')]).toEqual([0, 3, 1]);
  });

  it('P4: of three files in a circle sends each once; no name is ever without its object', async () => {
    await rig.bucket.enableVersioning();
    const files = { 'a.txt': 'content a', 'b.txt': 'content bb', 'c.txt': 'content ccc' };
    await startWith(files);
    for (const [from, to] of ['ct', 'bc', 'ab', 'ta'] as const) move(`${from}.txt`, `${to}.txt`);
    await untilStorage({ 'drop/a.txt': 'content ccc', 'drop/b.txt': 'content a', 'drop/c.txt': 'content bb' });
    expect([requests('CopyObject'), requests('PutObject'), requests('DeleteObject')]).toEqual([0, 3, 0]);
    // The first state and the last, and no delete in between.
    const history = await rig.bucket.history();
    for (const key of ['drop/a.txt', 'drop/b.txt', 'drop/c.txt']) expect(history.get(key)).toHaveLength(2);
  });

  it('and a new file at the old name: both are there in the end', async () => {
    await startWith({ 'log.txt': 'old log' });
    await rig.json('pause');
    move('log.txt', 'log.1.txt');
    await rig.untilItem('log.1.txt', 'pending');
    rig.write('log.txt', 'new log');
    await rig.untilItem('log.txt', 'pending');
    await rig.json('resume');
    await untilStorage({ 'drop/log.1.txt': 'old log', 'drop/log.txt': 'new log' });
  });

  it('into another folder is an upload there and a delete here', async () => {
    mkdirSync(rig.folder('other'));
    rig.configure({ folders: [rig.folderConfig('drop', MIRROR), rig.folderConfig('other', MIRROR)] });
    await startWith({ 'a.txt': 'the content' });
    renameSync(rig.at('a.txt'), rig.at('a.txt', 'other'));
    await untilStorage({ 'other/a.txt': 'the content' });
  });

  it('of a hard link is a copy of the content; the other link keeps its object', async () => {
    await startWith({ 'a.txt': 'the content' });
    linkSync(rig.at('a.txt'), rig.at('b.txt'));
    await untilStorage({ 'drop/a.txt': 'the content', 'drop/b.txt': 'the content' });
  });
});

describe('a renamed directory', () => {
  const COUNT = 2000;

  it('of 2,000 files is 2,000 copies at the service, and not one upload', async () => {
    for (let index = 0; index < COUNT; index += 1) rig.write(`album/${index % 20}/${index}`, `picture ${index}`);
    await rig.start();
    await atRest(COUNT);
    move('album', 'holiday');
    await until(
      'all have moved',
      async () => {
        const { counts } = await rig.status();
        return counts.succeeded === 2 * COUNT && counts.pending + counts.running + counts.waiting === 0;
      },
      60_000,
    );
    expect([requests('CopyObject'), requests('PutObject'), requests('DeleteObject')]).toEqual([COUNT, 0, COUNT]);
    const keys = await rig.bucket.keys();
    expect(keys).toHaveLength(COUNT);
    expect(keys.every((key) => key.startsWith('drop/holiday/'))).toBe(true);
    expect((await rig.status()).folders[0]?.guard).toBeNull();
  }, 120_000);
});
