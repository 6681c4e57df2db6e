import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

const NAMES = Array.from({ length: 60 }, (_, index) => `file-${index}.txt`);

let server: StandIn;
let rig: Rig;
rigForEach(startStandIn, async (started) => {
  server = started;
  // Some are on their way while most still wait.
  server.faults.add({ operation: 'PutObject', fault: { kind: 'latency', delayMs: 400 } });
  return (rig = await Rig.create(server));
});

async function startWithUploadsUnderWay(): Promise<void> {
  for (const name of NAMES) rig.write(name, `content of ${name}`);
  await rig.start();
  await until('some run', async () => (await rig.status()).counts.running > 0);
}

/** Waits until so many configurations after the first are in force. */
const inForce = (count: number) =>
  until('it is in force', () => rig.log.filter((line) => line.includes('in force now')).length >= count);

async function expectAllInPlace(prefix: string): Promise<void> {
  await until(
    'all of them are there',
    async () => {
      const keys = new Set(await rig.bucket.keys());
      return NAMES.every((name) => keys.has(`${prefix}${name}`));
    },
    30_000,
  );
  await rig.untilQuiet(30_000);
  expect(NAMES.filter((name) => !existsSync(rig.at(name)))).toEqual([]);
  const { failed, conflict } = (await rig.status()).counts;
  expect({ failed, conflict }).toEqual({ failed: 0, conflict: 0 });
}

describe('P2, P13: a folder whose files go to another place from now on, while uploads to the old one are under way', () => {
  it.each([
    { mode: 'drop', conflict: 'manual' },
    { mode: 'drop', conflict: 'remote-wins' },
    { mode: 'mirror', conflict: 'remote-wins' },
  ])('sends all of them there, and touches none here ($mode, $conflict)', async (rules) => {
    rig.configure({ folder: rules });
    await startWithUploadsUnderWay();
    rig.configure({ folder: { ...rules, prefix: 'moved/' } });
    await inForce(1);
    await expectAllInPlace('moved/');
  });

  it('does so where it was taken out and put back, and the engine went on meanwhile', async () => {
    const rules = { mode: 'drop', conflict: 'remote-wins' };
    mkdirSync(rig.folder('other'));
    rig.configure({ folders: [rig.folderConfig('drop', rules), rig.folderConfig('other')] });
    await startWithUploadsUnderWay();
    rig.configure({ folders: [rig.folderConfig('other')] });
    await inForce(1);
    rig.configure({ folders: [rig.folderConfig('drop', { ...rules, prefix: 'moved/' }), rig.folderConfig('other')] });
    await inForce(2);
    await expectAllInPlace('moved/');
  });
});

describe('P4: a folder that follows no deletes any more', () => {
  it('deletes nothing, not even what was on its way to be deleted', async () => {
    const retry = { initialDelay: '1s', maxDelay: '1s', jitter: 'none' };
    const configure = (rules: Record<string, unknown>) => rig.configure({ folder: rules, destination: { retry } });
    configure({ mode: 'mirror', deletes: { grace: '0s' } });
    for (const name of ['a.txt', 'b.txt']) rig.write(name, name);
    await rig.start();
    await rig.untilStored('drop/b.txt', 'b.txt');
    await rig.untilQuiet();
    server.faults.add({ operation: 'DeleteObject', fault: { kind: 'latency', delayMs: 2000 } });
    server.faults.add({
      operation: 'DeleteObject',
      times: 1,
      fault: { kind: 'error', status: 503, code: 'SlowDown' },
    });
    rmSync(rig.at('b.txt'));
    const deletes = async () => (await rig.ls()).filter(({ kind }) => kind === 'file.delete');
    await until('the delete runs', async () => (await deletes()).some(({ state }) => state === 'running'));
    configure({ mode: 'drop' });
    await inForce(1);
    await until('it has ended', async () => (await deletes()).every(({ state }) => state === 'superseded'), 20_000);
    expect(await rig.bucket.text('drop/b.txt')).toBe('b.txt');
  });
});
