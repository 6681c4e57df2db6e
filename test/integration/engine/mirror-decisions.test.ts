/** Mirror mode: what a person decides, and takes back, about deletes, changes and moves; where versions are kept and where not. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OperationView } from '../../../src/protocol/shapes.ts';
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
beforeEach(async () => {
  server.faults.clear();
  rig = await Rig.create(server, { folder: { mode: 'mirror', deletes: { grace: '0s' } } });
});
afterEach(() => rig.close());

const local = (path: string) => readFileSync(rig.at(path), 'utf8');
const stored = (key: string) => rig.bucket.text(`drop/${key}`);
const trashed = () => {
  const files = join(home, 'Trash/files');
  return existsSync(files) ? readdirSync(files).map((name) => readFileSync(join(files, name), 'utf8')) : [];
};
/** The copy of ours that was kept beside theirs. */
const asides = () => readdirSync(rig.folder()).filter((name) => name.includes('(conflict testbox'));

/** `a.txt` is stored as ours; a second file keeps the folder from being emptied. */
async function begin(versions: boolean): Promise<void> {
  if (versions) await rig.bucket.enableVersioning();
  rig.write('a.txt', 'ours');
  rig.write('stays.txt', 'stays');
  await rig.start();
  await until('all is sent', async () => (await rig.status()).counts.succeeded === 2);
  await until('the folder is at rest', async () => (await rig.status()).folders[0]?.lastScanAt !== null);
}

async function conflictOn(path: string, kind: OperationView['kind']): Promise<string> {
  return (await rig.untilItem(path, 'conflict', 20_000, (item) => item.kind === kind)).id;
}

const keep = (id: string, side: 'local' | 'remote' | 'both') => rig.json('resolve', id, '--keep', side);

async function undo(id: string): Promise<void> {
  expect(await rig.json('undo', id)).toMatchObject({ undone: [{ id }], refused: [] });
  expect((await rig.show(id)).events.map(({ type }) => type)).toContain('undone');
}

async function refusal(id: string): Promise<string> {
  const { exitCode, err } = await rig.cli('undo', id);
  expect(exitCode).toBe(2);
  return err;
}

/** The storage becomes what the folder is, and a further scan finds nothing to do. */
async function expectMirrored(): Promise<void> {
  const names = () => readdirSync(rig.folder()).filter((name) => !name.startsWith('.'));
  const same = async () => {
    const keys = names().map((name) => `drop/${name}`);
    return JSON.stringify(await rig.bucket.keys()) === JSON.stringify(keys.sort());
  };
  await until('the storage has what is in the folder', same);
  await rig.untilQuiet();
  const before = await rig.ls();
  await rig.rescan();
  expect(await rig.ls()).toEqual(before);
  for (const name of names()) expect(await stored(name), name).toBe(local(name));
  expect((await rig.status()).counts).toMatchObject({ conflict: 0, failed: 0 });
}

describe('undo in mirror mode, where the bucket keeps versions', () => {
  beforeEach(() => begin(true));

  it('of a delete: the version that it removed comes back, here and there, and a later delete follows as any', async () => {
    rmSync(rig.at('a.txt'));
    const { id } = await rig.untilItem('a.txt', 'succeeded', 20_000, ({ kind }) => kind === 'file.delete');
    expect(await stored('a.txt')).toBeNull();
    await undo(id);
    await until('it is back', async () => existsSync(rig.at('a.txt')) && (await stored('a.txt')) !== null);
    expect(local('a.txt')).toBe('ours');
    await expectMirrored();
    expect(await refusal(id)).toMatch(/stands there again/);
    rmSync(rig.at('a.txt'));
    await until('the delete follows', async () => (await stored('a.txt')) === null);
  });

  it('of a delete of what they had changed (keep local): their version comes back, here and there', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    rmSync(rig.at('a.txt'));
    const id = await conflictOn('a.txt', 'file.delete');
    await keep(id, 'local');
    await until('it is gone there', async () => (await stored('a.txt')) === null);
    await rig.untilQuiet();
    await undo(id);
    await until('it is back', async () => existsSync(rig.at('a.txt')) && (await stored('a.txt')) === 'theirs');
    expect(local('a.txt')).toBe('theirs');
    await expectMirrored();
  });

  it('P13: of an overwrite (keep local): theirs comes back, here and there, and ours is kept beside it', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours, edited');
    const id = await conflictOn('a.txt', 'file.upload');
    await keep(id, 'local');
    await rig.untilStored('drop/a.txt', 'ours, edited');
    await rig.untilQuiet();
    await undo(id);
    await until('theirs is here', () => local('a.txt') === 'theirs');
    await until('theirs is there', async () => (await stored('a.txt')) === 'theirs');
    expect(asides().map(local)).toEqual(['ours, edited']);
    await expectMirrored();
  });

  it('of keep remote, before theirs was brought: ours goes up after all', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours, edited');
    const id = await conflictOn('a.txt', 'file.upload');
    await rig.json('pause');
    await keep(id, 'remote');
    await undo(id);
    await rig.json('resume');
    await rig.untilStored('drop/a.txt', 'ours, edited');
    expect(local('a.txt')).toBe('ours, edited');
    expect(asides()).toEqual([]);
    await expectMirrored();
  });

  it('of keep both: refused, and it says where both are', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours, edited');
    const id = await conflictOn('a.txt', 'file.upload');
    await keep(id, 'both');
    await rig.untilQuiet();
    expect(await refusal(id)).toMatch(/nothing was replaced: theirs is drop\/a\.txt, ours is drop\/a \(conflict/);
    expect(await stored('a.txt')).toBe('theirs');
  });

  it('P13: of a move onto what they had made there (keep local): theirs comes back, ours is kept beside it', async () => {
    await rig.bucket.put('drop/b.txt', 'theirs');
    renameSync(rig.at('a.txt'), rig.at('b.txt'));
    const id = await conflictOn('b.txt', 'file.move');
    await keep(id, 'local');
    await rig.untilStored('drop/b.txt', 'ours');
    await until('the old name is gone', async () => (await stored('a.txt')) === null);
    await rig.untilQuiet();
    await undo(id);
    await until('theirs is here', () => local('b.txt') === 'theirs');
    await until('theirs is there', async () => (await stored('b.txt')) === 'theirs');
    expect(asides().map(local)).toEqual(['ours']);
    await expectMirrored();
  });

  it('of a move whose old name they had changed (keep local): their version comes back under the old name', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    renameSync(rig.at('a.txt'), rig.at('b.txt'));
    const id = await conflictOn('b.txt', 'file.move');
    expect(await stored('b.txt')).toBe('ours');
    await keep(id, 'local');
    await until('the old name is gone', async () => (await stored('a.txt')) === null);
    await rig.untilQuiet();
    await undo(id);
    await until('it is back', async () => existsSync(rig.at('a.txt')) && (await stored('a.txt')) === 'theirs');
    expect([local('a.txt'), local('b.txt')]).toEqual(['theirs', 'ours']);
    await expectMirrored();
  });
});

describe('P11: undo in mirror mode, where the bucket keeps no versions, says why it can not', () => {
  beforeEach(() => begin(false));

  it('of a delete', async () => {
    rmSync(rig.at('a.txt'));
    const { id } = await rig.untilItem('a.txt', 'succeeded', 20_000, ({ kind }) => kind === 'file.delete');
    expect(await refusal(id)).toMatch(/keeps no old versions of this bucket \(versioning is off\), so it is gone/);
    await expectMirrored();
  });

  it('of an overwrite, and of a delete of what they had changed', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours, edited');
    const overwrite = await conflictOn('a.txt', 'file.upload');
    await keep(overwrite, 'local');
    await rig.untilStored('drop/a.txt', 'ours, edited');
    await rig.untilQuiet();
    expect(await refusal(overwrite)).toMatch(/keeps no old versions of this bucket/);
    await rig.bucket.put('drop/a.txt', 'theirs again');
    rmSync(rig.at('a.txt'));
    const removal = await conflictOn('a.txt', 'file.delete');
    await keep(removal, 'local');
    await until('it is gone there', async () => (await stored('a.txt')) === null);
    await rig.untilQuiet();
    expect(await refusal(removal)).toMatch(/keeps no old versions of this bucket/);
    await expectMirrored();
  });
});

describe('P13: keep remote in mirror mode', () => {
  beforeEach(() => begin(false));

  it('of their change: theirs comes here, ours is kept beside it and goes up; then there is nothing to undo', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours, edited');
    const id = await conflictOn('a.txt', 'file.upload');
    await keep(id, 'remote');
    await until('theirs is here', () => local('a.txt') === 'theirs');
    expect(asides().map(local)).toEqual(['ours, edited']);
    await expectMirrored();
    expect(await refusal(id)).toMatch(/your version was kept beside it/);
  });

  it('P2: of their change, but before theirs came the edit was taken back: it is in conflict again, not ready', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'OURS');
    const id = await conflictOn('a.txt', 'file.upload');
    await rig.json('pause');
    await keep(id, 'remote');
    rig.write('a.txt', 'ours');
    await rig.untilItem('a.txt', 'pending', 20_000, (item) => item.id !== id && item.kind === 'file.upload');
    await rig.json('resume');
    await rig.untilItem('a.txt', 'conflict', 20_000, (item) => item.id !== id);
    expect(local('a.txt')).toBe('ours');
    expect(await stored('a.txt')).toBe('theirs');
  });

  it('of their delete: the file goes to the trash, whole, and the storage stays without it', async () => {
    await rig.bucket.remove('drop/a.txt');
    rig.write('a.txt', 'ours, edited and alone');
    const id = await conflictOn('a.txt', 'file.upload');
    await keep(id, 'remote');
    await until('it is gone here', () => !existsSync(rig.at('a.txt')));
    expect(trashed()).toContain('ours, edited and alone');
    await expectMirrored();
    expect(await stored('a.txt')).toBeNull();
    expect(await refusal(id)).toMatch(/in the trash of this computer: put it back/);
    // As it says: put back, it goes up like any new file.
    rig.write('a.txt', 'ours, edited and alone');
    await rig.untilStored('drop/a.txt', 'ours, edited and alone');
    await expectMirrored();
  });

  it('of their delete, but the file was edited since: it stays, and is in conflict again', async () => {
    await rig.bucket.remove('drop/a.txt');
    rig.write('a.txt', 'ours, edited');
    const id = await conflictOn('a.txt', 'file.upload');
    await rig.json('pause');
    await keep(id, 'remote');
    rig.write('a.txt', 'ours, edited once more');
    await rig.untilItem('a.txt', 'pending', 20_000, (item) => item.id !== id);
    await rig.json('resume');
    await rig.untilItem('a.txt', 'conflict', 20_000, (item) => item.id !== id);
    expect(local('a.txt')).toBe('ours, edited once more');
    expect(trashed()).not.toContain('ours, edited once more');
    expect(await stored('a.txt')).toBeNull();
  });
});
