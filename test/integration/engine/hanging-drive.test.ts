import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Rig } from '../../support/engine-harness.ts';
import { HangingDrive } from '../../support/hanging-drive.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { WHY_NO_SMALL_DISK } from '../../support/small-disk.ts';

if (WHY_NO_SMALL_DISK !== null) console.log(WHY_NO_SMALL_DISK);

/** CONTRACT.md, `run`: from the signal to the end, ms. */
const STOP_LIMIT_MS = 5000;

describe.skipIf(WHY_NO_SMALL_DISK !== null)('a drive that does not answer', () => {
  let server: StandIn;
  let rig: Rig;
  let drive: HangingDrive | null = null;
  beforeAll(async () => {
    server = await startStandIn();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    server.faults.clear();
    rig = await Rig.create(server);
  });
  afterEach(async () => {
    drive?.answer();
    drive = null;
    await rig.close();
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'P10: %s ends the engine within 5 s, and the next start works',
    async (signal) => {
      rig.configure({ folders: [rig.folderConfig('drop'), rig.folderConfig('far')] });
      drive = new HangingDrive(rig.folder('far'));
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
});
