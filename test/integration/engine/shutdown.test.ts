import { describe, expect, it } from 'vitest';
import { MIB, noise, PART_BYTES, Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

/** CONTRACT.md, `run`: from the signal to the end, ms. */
const STOP_LIMIT_MS = 5000;

let server: StandIn;
let rig: Rig;
rigForEach(startStandIn, async (started) => {
  server = started;
  return (rig = await Rig.create(server));
});

const sent = () => server.counters.of('UploadPart');
const partsDone = () => sent().statuses['200'] ?? 0;

describe('the end of a run', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'P6: %s in the middle of a large upload: exit 0 within 5 s, resumed at the checkpoint',
    async (signal) => {
      const hurry = server.faults.add({
        operation: 'UploadPart',
        fault: { kind: 'bandwidth', bytesPerSecond: 5_000_000 },
      });
      const bytes = noise(61 * MIB);
      rig.write('big.bin', bytes);
      const run = rig.spawn('--json', 'run');
      await until(
        'parts are done and others are in flight',
        () => partsDone() > 0 && sent().requestBodyBytes > partsDone() * PART_BYTES,
      );
      const start = performance.now();
      await run.kill(signal);
      expect(performance.now() - start).toBeLessThan(STOP_LIMIT_MS);
      expect(await run.ended).toMatchObject({ exitCode: 0, signal: null });
      expect(await rig.item('big.bin')).toMatchObject({ state: 'pending', attempts: 0 });
      expect((await rig.bucket.openUploads()).length).toBe(1);
      hurry();
      expect((await rig.spawn('run', '--once').ended).exitCode).toBe(0);
      expect(sha256((await rig.bucket.get('drop/big.bin'))!.body)).toBe(sha256(bytes));
      expect(server.counters.of('CreateMultipartUpload').requests).toBe(1);
      expect(sent().requestBodyBytes).toBeLessThanOrEqual(bytes.length + 4 * PART_BYTES);
      expect(await rig.bucket.openUploads()).toEqual([]);
    },
  );

  it('a service that hangs does not keep the engine from ending within 5 s; what was asked is settled at the next start', async () => {
    server.faults.add({ operation: 'PutObject', times: 1, fault: { kind: 'hang', when: 'after-effect' } });
    rig.write('a.txt', 'x');
    const run = rig.spawn('run');
    await until('the PUT has taken effect', async () => (await rig.bucket.text('drop/a.txt')) === 'x');
    const start = performance.now();
    await run.kill('SIGTERM');
    expect(performance.now() - start).toBeLessThan(STOP_LIMIT_MS);
    expect((await run.ended).exitCode).toBe(0);
    expect((await rig.spawn('run', '--once').ended).exitCode).toBe(0);
    expect(await rig.ls()).toMatchObject([{ state: 'succeeded', path: 'a.txt' }]);
  });

  it('an unreachable service, a frozen folder and a paused queue end as quickly', async () => {
    rig.configure({
      folders: [rig.folderConfig('drop'), rig.folderConfig('missing')],
      destination: { endpoint: 'http://127.0.0.1:9' },
    });
    rig.write('a.txt', 'x');
    const run = rig.spawn('run');
    await rig.untilEngine();
    await rig.untilItem('a.txt', 'pending', 20_000, (operation) => operation.gate === 'unreachable');
    const start = performance.now();
    await run.kill('SIGTERM');
    expect(performance.now() - start).toBeLessThan(STOP_LIMIT_MS);
    expect((await run.ended).exitCode).toBe(0);
  });
});
