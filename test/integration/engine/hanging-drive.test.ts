import { afterEach, describe, expect, it } from 'vitest';
import { Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { HangingDrive } from '../../support/hanging-drive.ts';
import { startStandIn } from '../../support/s3-servers.ts';
import { WHY_NO_SMALL_DISK } from '../../support/small-disk.ts';
import { until } from '../../support/until.ts';

if (WHY_NO_SMALL_DISK !== null) console.log(WHY_NO_SMALL_DISK);

/** CONTRACT.md, `run`: from the signal to the end, ms. */
const STOP_LIMIT_MS = 5000;

describe.skipIf(WHY_NO_SMALL_DISK !== null)('a drive that does not answer', () => {
  let rig: Rig;
  let drives: HangingDrive[] = [];
  rigForEach(startStandIn, async (server) => (rig = await Rig.create(server)));
  // Before the rig closes: what hangs would keep it from it.
  afterEach(() => {
    for (const drive of drives.splice(0)) drive.answer();
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'P10: %s ends the engine within 5 s, and the next start works',
    async (signal) => {
      rig.configure({ folders: [rig.folderConfig('drop'), rig.folderConfig('far')] });
      const drive = new HangingDrive(rig.folder('far'));
      drives = [drive];
      rig.write('a.txt', 'x');
      const run = rig.spawn('run');
      await rig.untilStored('drop/a.txt', 'x');
      const start = performance.now();
      await run.kill(signal);
      expect(performance.now() - start).toBeLessThan(STOP_LIMIT_MS);
      expect(await run.ended).toMatchObject({ exitCode: 0, signal: null });
      drive.answer();
      rig.write('b.txt', 'y', 'far');
      expect((await rig.spawn('run', '--once').ended).exitCode).toBe(0);
      expect(await rig.bucket.text('far/b.txt')).toBe('y');
    },
  );

  it('P11: config check and doctor name its folder, and end', { timeout: 120_000 }, async () => {
    rig.configure({ folders: [rig.folderConfig('drop'), rig.folderConfig('far')] });
    drives = [new HangingDrive(rig.folder('far'))];
    const [check, doctor] = [rig.spawn('config', 'check'), rig.spawn('doctor')];
    const [checked, examined] = await Promise.all([check.ended, doctor.ended]);
    expect(checked.exitCode).toBe(2);
    expect(checked.out).toContain('does not answer');
    expect(examined.exitCode).toBe(3);
    expect(examined.out).toContain('does not answer');
  });

  it(
    'P2, P4, P10, P11: four such folders hold up no other, say why, delete nothing, and go on by themselves',
    { timeout: 180_000 },
    async () => {
      const far = ['far1', 'far2', 'far3', 'far4'];
      const modes = ['drop', 'drop', 'mirror', 'mirror'];
      const folders = far.map((name, at) => rig.folderConfig(name, { mode: modes[at] }));
      rig.configure({ folders: [rig.folderConfig('drop'), ...folders] });
      for (const name of far) for (let file = 0; file < 5; file += 1) rig.write(`${file}.txt`, name, name);
      expect((await rig.spawn('run', '--once').ended).exitCode).toBe(0);
      drives = far.map((name) => new HangingDrive(rig.folder(name)));
      const run = rig.spawn('run');
      await rig.untilEngine();
      const states = async () => (await rig.status()).folders.filter(({ name }) => name !== 'drop');
      await until(
        'all four say that their drive does not answer',
        async () => (await states()).every(({ state, error }) => state === 'frozen' && error?.code === 'folder.silent'),
        100_000,
      );
      rig.write('a.txt', 'x');
      await rig.untilStored('drop/a.txt', 'x');
      for (const drive of drives) drive.answer();
      for (const name of far) rig.write('new.txt', 'y', name);
      for (const name of far) await rig.untilStored(`${name}/new.txt`, 'y', 60_000);
      expect((await states()).map(({ error }) => error)).toEqual([null, null, null, null]);
      for (const name of far) expect(await rig.bucket.text(`${name}/0.txt`)).toBe(name);
      expect((await rig.ls()).filter(({ kind }) => kind === 'file.delete')).toEqual([]);
      await run.kill('SIGTERM');
    },
  );
});
