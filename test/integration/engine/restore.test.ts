import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { OperationView } from '../../../src/protocol/shapes.ts';
import { closedPort } from '../../support/fault-server.ts';
import { Rig, SERVERS } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { until } from '../../support/until.ts';

describe.each(SERVERS)('restore against %s', (_name, startServer) => {
  let rig: Rig;
  rigForEach(startServer, async (server) => (rig = await Rig.create(server)));

  const text = (path: string) => readFileSync(rig.at(path), 'utf8');
  const restore = async (path: string, ...more: readonly string[]) =>
    (await rig.json('restore', 'drop', path, ...more)) as OperationView;

  it('brings a deleted file back, and the next scans are quiet', async () => {
    rig.write('d/a.txt', 'content');
    await rig.start();
    await rig.untilItem('d/a.txt', 'succeeded');
    rmSync(rig.at('d'), { recursive: true });
    await rig.rescan();
    const done = await restore('d/a.txt', '--wait');
    expect(done).toMatchObject({ kind: 'file.download', state: 'succeeded', phase: 'ready' });
    expect(text('d/a.txt')).toBe('content');
    await rig.untilQuiet();
    await rig.rescan();
    expect((await rig.ls()).map(({ kind }) => kind)).toEqual(['file.upload', 'file.download']);
    rig.write('d/a.txt', 'edited');
    await rig.untilStored('drop/d/a.txt', 'edited');
    expect((await rig.status()).counts).toMatchObject({ conflict: 0, failed: 0 });
  });

  it('asked for before the engine has noticed the delete: it comes all the same', async () => {
    rig.write('a.txt', 'content');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    await rig.json('pause');
    rmSync(rig.at('a.txt'));
    // Before any scan has met the absence: the deleted file is what the inventory still knows.
    await restore('a.txt');
    await until('the delete was noticed', async () => (await rig.status()).folders[0]?.files === 0);
    await rig.json('resume');
    await until('it is here', () => Promise.resolve(existsSync(rig.at('a.txt'))));
    await rig.untilQuiet();
    expect(text('a.txt')).toBe('content');
    expect(await rig.item('a.txt')).toMatchObject({ kind: 'file.download', state: 'succeeded' });
  });

  it('keeps what stands there aside, and sends that up under its own name', async () => {
    rig.write('a.txt', 'ours');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    await rig.bucket.put('drop/a.txt', 'theirs');
    await restore('a.txt', '--wait');
    expect(text('a.txt')).toBe('theirs');
    const aside = readdirSync(rig.folder()).find((name) => name !== 'a.txt')!;
    expect(aside).toMatch(/^a \(conflict testbox .*\)\.txt$/);
    expect(text(aside)).toBe('ours');
    await rig.untilStored(`drop/${aside}`, 'ours');
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
  });

  it('P4: a file in another form of its name is the one that is restored, not a second one beside it', async () => {
    rig.write('e\u0301.txt', 'ours');
    await rig.start();
    await rig.untilStored('drop/\u00e9.txt', 'ours');
    await rig.untilQuiet();
    // Another hand knows nothing of the form that the name has here.
    await rig.bucket.put('drop/\u00e9.txt', 'theirs');
    await restore('\u00e9.txt', '--wait');
    expect(text('e\u0301.txt')).toBe('theirs');
    await rig.untilQuiet();
    expect(existsSync(rig.at('\u00e9.txt'))).toBe(false);
    expect(readdirSync(rig.folder())).toHaveLength(2);
    expect((await rig.status()).counts).toMatchObject({ conflict: 0, failed: 0 });
  });

  it('P2: of two files whose names differ in their form alone the one that has the key is meant, however it is named', async () => {
    rig.write('e\u0301.txt', 'has the key');
    await rig.start();
    await rig.untilStored('drop/\u00e9.txt', 'has the key');
    rig.write('\u00e9.txt', 'came later');
    await rig.untilItem('\u00e9.txt', 'failed');
    await rig.bucket.put('drop/\u00e9.txt', 'theirs');
    await restore('\u00e9.txt', '--wait');
    expect(text('e\u0301.txt')).toBe('theirs');
    expect(text('\u00e9.txt')).toBe('came later');
  });

  it.each(['.longshore-folder', 'd/.longshore-part-1'])(
    'P3, P4: never over a file of our own: %s is refused',
    async (name) => {
      await rig.start();
      await rig.bucket.put(`drop/${name}`, 'something');
      const { exitCode, err } = await rig.cli('restore', 'drop', name);
      expect(exitCode).toBe(2);
      expect(err).toContain('Longshore keeps this name for itself.');
      expect(await rig.ls()).toEqual([]);
    },
  );

  it('P11: a service that can’t be asked is told as it is: nothing is queued, and nobody "keeps trying"', async () => {
    rig.configure({ destination: { endpoint: `http://127.0.0.1:${await closedPort()}` } });
    const { exitCode, err } = await rig.cli('restore', 'drop', 'a.txt');
    expect(exitCode).toBe(1);
    expect(err).toContain('Nothing was queued.');
    expect(await rig.ls()).toEqual([]);
  });

  it('a file that was never here comes, in the form of its name that it had', async () => {
    rig.write('e\u0301.txt', 'content');
    await rig.start();
    await rig.untilItem('e\u0301.txt', 'succeeded');
    rmSync(rig.at('e\u0301.txt'));
    await rig.rescan();
    await restore('\u00e9.txt', '--wait');
    expect(readdirSync(rig.folder())).toEqual(['e\u0301.txt']);
  });

  it('without an engine it is queued, and the next engine brings it', async () => {
    await rig.bucket.put('drop/a.txt', 'content');
    expect(await restore('a.txt')).toMatchObject({ state: 'pending' });
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    expect(text('a.txt')).toBe('content');
  });

  it('an older version, where the bucket keeps them: it is here and becomes the current one there', async () => {
    await rig.bucket.enableVersioning();
    rig.write('a.txt', 'old');
    await rig.start();
    const { externalId } = await rig.untilItem('a.txt', 'succeeded');
    rig.write('a.txt', 'newer');
    await rig.untilStored('drop/a.txt', 'newer');
    await rig.untilQuiet();
    await restore('a.txt', '--version-id', externalId!, '--wait');
    expect(text('a.txt')).toBe('old');
    await rig.untilStored('drop/a.txt', 'old');
    expect((await rig.status()).counts.conflict).toBe(0);
  });

  it('P4: an older version does not go up over what another wrote after it was asked for', async () => {
    await rig.bucket.enableVersioning();
    rig.write('a.txt', 'old');
    await rig.start();
    const { externalId } = await rig.untilItem('a.txt', 'succeeded');
    rig.write('a.txt', 'newer');
    await rig.untilStored('drop/a.txt', 'newer');
    await rig.untilQuiet();
    await rig.json('pause');
    await restore('a.txt', '--version-id', externalId!);
    await rig.bucket.put('drop/a.txt', 'theirs');
    await rig.json('resume');
    await rig.untilItem('a.txt', 'conflict');
    expect(text('a.txt')).toBe('old');
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
  });

  it('is refused in words', async () => {
    rig.write('a.txt', 'content');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    const refusal = async (...args: readonly string[]) => {
      const result = await rig.cli('restore', ...args);
      expect(result.exitCode).not.toBe(0);
      return result.err;
    };
    expect(await refusal('drop', 'nothing.txt')).toMatch(
      /There is nothing at drop\/nothing\.txt.*\n.*longshore undo ID.*--version-id/,
    );
    expect(await refusal('nowhere', 'a.txt')).toMatch(/There is no folder "nowhere"/);
    expect(await refusal('drop', '../a.txt')).toMatch(/not a path in the folder/);
    expect(await refusal('drop', '/etc/passwd')).toMatch(/not a path in the folder/);
    expect(await refusal('drop', 'a.txt')).toMatch(/here already/);
    expect(existsSync(rig.at('nothing.txt'))).toBe(false);
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours, edited');
    await rig.untilItem('a.txt', 'conflict');
    expect(await refusal('drop', 'a.txt')).toMatch(/in conflict/);
  });
});
