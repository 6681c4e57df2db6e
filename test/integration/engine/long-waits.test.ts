/** What Longshore waits long for by design; side by side, as the tests only wait as well. */
import { describe, it, type ExpectStatic } from 'vitest';
import type { OperationView } from '../../../src/protocol/shapes.ts';
import { MIB, noise, Rig } from '../../support/engine-harness.ts';
import { closedPort } from '../../support/fault-server.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

/** A Create that nobody waited for may take effect for a minute; then its orphan is looked for. */
const CLEAN_WITHIN_MS = 90_000;
/** CONTRACT.md, `run --once`: an unreachable destination is tried for so long. */
const TRIES_MS = 30_000;

async function withRig(work: (rig: Rig, server: StandIn) => Promise<void>): Promise<void> {
  const server = await startStandIn();
  const rig = await Rig.create(server);
  try {
    await work(rig, server);
  } finally {
    await rig.close();
    await server.close();
  }
}

async function expectOrphansGone(rig: Rig, server: StandIn, expect: ExpectStatic): Promise<void> {
  const files = { 'lost.bin': noise(11 * MIB), 'cut.bin': noise(6 * MIB) };
  const operation = 'CreateMultipartUpload';
  const rules = [
    { operation, key: 'drop/lost.bin', times: 1, fault: { kind: 'reset', when: 'after-effect' } },
    { operation, key: 'drop/cut.bin', times: 1, fault: { kind: 'truncate', afterBytes: 40 } },
  ] as const;
  for (const rule of rules) server.faults.add(rule);
  for (const [path, bytes] of Object.entries(files)) rig.write(path, bytes);
  await rig.start();
  for (const [path, bytes] of Object.entries(files)) {
    expect(await rig.untilItem(path, 'succeeded')).toMatchObject({ error: null, verified: true });
    expect(sha256((await rig.bucket.get(`drop/${path}`))!.body)).toBe(sha256(bytes));
  }
  expect(server.faults.rules().map(({ struck }) => struck)).toEqual([1, 1]);
  await until('nothing is left open', async () => (await rig.bucket.openUploads()).length === 0, CLEAN_WITHIN_MS);
  expect(await rig.bucket.keys()).toEqual(['drop/cut.bin', 'drop/lost.bin']);
}

describe.concurrent('long waits', () => {
  it(
    'P7: uploads whose id was never learnt (a reply to Create lost, or cut off) are aborted',
    ({ expect }) => withRig((rig, server) => expectOrphansGone(rig, server, expect)),
    CLEAN_WITHIN_MS + 30_000,
  );

  it('run --once with an unreachable destination: 3 after 30 s of trying, and no attempt counted', ({ expect }) =>
    withRig(async (rig) => {
      rig.configure({ destination: { endpoint: `http://127.0.0.1:${await closedPort()}` } });
      rig.write('a.txt', 'x');
      const start = performance.now();
      const { exitCode, out } = await rig.cli('--json', 'run', '--once');
      const elapsedMs = performance.now() - start;
      expect(exitCode).toBe(3);
      expect(elapsedMs).toBeGreaterThan(TRIES_MS - 1000);
      expect(elapsedMs).toBeLessThan(TRIES_MS + 15_000);
      const { attention } = JSON.parse(out.trim().split('\n').at(-1)!) as { attention: OperationView[] };
      expect(attention).toMatchObject([{ path: 'a.txt', gate: 'unreachable', attempts: 0 }]);
    }));
});
