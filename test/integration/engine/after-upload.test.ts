import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Rig } from '../../support/engine-harness.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

// The trash of this test alone.
const home = mkdtempSync(join(tmpdir(), 'longshore-home-'));
process.env['XDG_DATA_HOME'] = home;

let server: StandIn;
let rig: Rig;
beforeAll(async () => {
  server = await startStandIn();
});
afterAll(async () => {
  await server.close();
  rmSync(home, { recursive: true, force: true });
});
afterEach(() => rig.close());

const archive = () => join(rig.base, 'archive');
async function withAction(
  afterUpload: 'trash' | 'archive',
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  rig = await Rig.create(server);
  mkdirSync(archive(), { recursive: true });
  rig.configure({ folder: { afterUpload, ...(afterUpload === 'archive' ? { archivePath: archive() } : {}), ...more } });
}
const trashed = () => {
  const info = join(home, 'Trash/info');
  return existsSync(info) ? readdirSync(info).map((name) => readFileSync(join(info, name), 'utf8')) : [];
};
/** Nothing can be archived until the function that comes back is called. */
function blockArchive(): () => void {
  renameSync(archive(), `${archive()}-away`);
  writeFileSync(archive(), 'a file stands in the way');
  return () => {
    rmSync(archive());
    renameSync(`${archive()}-away`, archive());
  };
}
const untilTold = (id: string, type: string) =>
  until(`${type} is told`, async () => (await rig.show(id)).events.some((event) => event.type === type));
const untilGone = (path: string) => until(`${path} is gone`, () => !existsSync(rig.at(path)));

describe('P13: the after-upload action', () => {
  it('trash: the file goes to the trash once it is in the storage, and its object stays', async () => {
    await withAction('trash');
    rig.write('d/a.txt', 'content');
    await rig.start();
    await untilGone('d/a.txt');
    expect(await rig.item('d/a.txt')).toMatchObject({ state: 'succeeded', phase: 'ready', verified: true });
    await until('the trash has it', () => trashed().some((info) => info.includes(`Path=${rig.at('d/a.txt')}`)));
    expect(await rig.bucket.text('drop/d/a.txt')).toBe('content');
    await rig.rescan();
    await rig.untilQuiet();
    // Its absence is nobody's delete, and nothing more is queued.
    expect(await rig.ls()).toHaveLength(1);
    const { events } = await rig.show((await rig.item('d/a.txt')).id);
    expect(events.map(({ type }) => type)).toContain('file-trashed');
  });

  it('archive: it moves there under its path; a name that is taken gets " (2)"', async () => {
    await withAction('archive');
    mkdirSync(join(archive(), 'd'));
    writeFileSync(join(archive(), 'd/a.txt'), 'an older one');
    rig.write('d/a.txt', 'content');
    await rig.start();
    await untilGone('d/a.txt');
    expect(readFileSync(join(archive(), 'd/a (2).txt'), 'utf8')).toBe('content');
    expect(readFileSync(join(archive(), 'd/a.txt'), 'utf8')).toBe('an older one');
  });

  it('the same name dropped again goes up again, over the old object, and follows', async () => {
    await withAction('archive');
    rig.write('a.txt', 'first');
    await rig.start();
    await untilGone('a.txt');
    rig.write('a.txt', 'second');
    await rig.untilStored('drop/a.txt', 'second');
    await untilGone('a.txt');
    expect(readdirSync(archive()).sort()).toEqual(['a (2).txt', 'a.txt']);
    expect((await rig.status()).counts).toMatchObject({ succeeded: 2, conflict: 0, failed: 0 });
  });

  it('a file that changes between its upload and the action stays, and its new state goes up', async () => {
    await withAction('archive');
    const unblock = blockArchive();
    rig.write('a.txt', 'first');
    await rig.start();
    const { id } = await rig.untilItem('a.txt', 'succeeded');
    await untilTold(id, 'left-in-place');
    await rig.json('pause');
    rig.write('a.txt', 'second, longer');
    await rig.untilItem('a.txt', 'pending');
    unblock();
    await rig.json('resume');
    await rig.untilStored('drop/a.txt', 'second, longer');
    await untilGone('a.txt');
    expect(readdirSync(archive()).map((name) => readFileSync(join(archive(), name), 'utf8'))).toEqual([
      'second, longer',
    ]);
  });

  /** Uploaded, not archived yet, and touched: the engine knows of the touch and is paused. */
  async function touchedBeforeTheAction(): Promise<() => Promise<void>> {
    await withAction('archive');
    const unblock = blockArchive();
    rig.write('a.txt', 'content');
    await rig.start();
    const { id } = await rig.untilItem('a.txt', 'succeeded');
    await untilTold(id, 'left-in-place');
    await rig.json('pause');
    const future = new Date(Date.now() + 60_000);
    utimesSync(rig.at('a.txt'), future, future);
    await rig.untilItem('a.txt', 'pending');
    unblock();
    return async () => {
      await rig.json('resume');
    };
  }

  it('a file that is only touched between its upload and the action is not sent again, and gets it', async () => {
    const goOn = await touchedBeforeTheAction();
    // It names the operation that wrote it.
    const written = await rig.bucket.get('drop/a.txt');
    await goOn();
    await untilGone('a.txt');
    const { id } = await rig.item('a.txt');
    await untilTold(id, 'file-archived');
    expect(readdirSync(archive())).toEqual(['a.txt']);
    expect(readFileSync(join(archive(), 'a.txt'), 'utf8')).toBe('content');
    const { events } = await rig.show(id);
    expect(events.find(({ to }) => to === 'succeeded')?.details).toMatchObject({ result: 'unchanged', verified: true });
    expect(events.map(({ type }) => type)).toContain('file-archived');
    expect(await rig.bucket.get('drop/a.txt')).toEqual(written);
  });

  it('one that is touched, and whose object another hand has replaced meanwhile, stays: its bytes are not there', async () => {
    const goOn = await touchedBeforeTheAction();
    await rig.bucket.put('drop/a.txt', 'theirs');
    await goOn();
    await rig.untilItem('a.txt', 'conflict');
    await rig.untilQuiet();
    expect(readFileSync(rig.at('a.txt'), 'utf8')).toBe('content');
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
  });

  it('P9: a pause holds it; it survives a restart', async () => {
    await withAction('archive');
    const unblock = blockArchive();
    rig.write('a.txt', 'content');
    await rig.start();
    const { id } = await rig.untilItem('a.txt', 'succeeded');
    await untilTold(id, 'left-in-place');
    await rig.json('pause', '--folder', 'drop');
    await rig.stop();
    unblock();
    await rig.start();
    // A scan has been and gone, and the engine has looked at what there is to do.
    rig.write('b.txt', 'waits as well');
    await rig.untilItem('b.txt', 'pending');
    expect(existsSync(rig.at('a.txt'))).toBe(true);
    await rig.json('resume', '--folder', 'drop');
    await untilGone('a.txt');
    await untilGone('b.txt');
    expect(readdirSync(archive()).sort()).toEqual(['a.txt', 'b.txt']);
  });

  it('P9: a folder that the configuration pauses holds it; it survives a restart', async () => {
    await withAction('archive');
    const unblock = blockArchive();
    rig.write('a.txt', 'content');
    await rig.start();
    const { id } = await rig.untilItem('a.txt', 'succeeded');
    await untilTold(id, 'left-in-place');
    rig.configure({ folder: { afterUpload: 'archive', archivePath: archive(), paused: true } });
    await until('the folder is paused', async () => (await rig.status()).folders[0]?.state === 'paused');
    await rig.stop();
    unblock();
    await rig.start();
    // A scan has been and gone, and the engine has looked at what there is to do.
    rig.write('b.txt', 'waits as well');
    await rig.untilItem('b.txt', 'pending');
    expect(existsSync(rig.at('a.txt'))).toBe(true);
    rig.configure({ folder: { afterUpload: 'archive', archivePath: archive() } });
    await untilGone('a.txt');
    await untilGone('b.txt');
  });

  it.each([
    ['keep', { afterUpload: 'keep' }],
    ['mirror', { mode: 'mirror' }],
  ])('a wish that could not be fulfilled ends with the rule that made it (%s)', async (_title, next) => {
    await withAction('archive');
    const unblock = blockArchive();
    rig.write('a.txt', 'content');
    await rig.start();
    const { id } = await rig.untilItem('a.txt', 'succeeded');
    await untilTold(id, 'left-in-place');
    rig.configure({ folder: next });
    await rig.stop();
    unblock();
    await rig.start();
    await until('it is told why', async () =>
      (await rig.show(id)).events.some(
        ({ details }) => details['reason'] === 'the rule of its folder is another one now',
      ),
    );
    expect(readFileSync(rig.at('a.txt'), 'utf8')).toBe('content');
    expect(readdirSync(archive())).toEqual([]);
  });

  it('an archive that can not be written leaves the file, says so, and is tried again', async () => {
    await withAction('archive');
    const unblock = blockArchive();
    rig.write('a.txt', 'content');
    await rig.start();
    const { id } = await rig.untilItem('a.txt', 'succeeded');
    await untilTold(id, 'left-in-place');
    expect(existsSync(rig.at('a.txt'))).toBe(true);
    unblock();
    await untilGone('a.txt');
  });
});
