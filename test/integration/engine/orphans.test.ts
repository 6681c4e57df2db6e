import { afterEach, describe, expect, it } from 'vitest';
import { MIB, noise, Rig } from '../../support/engine-harness.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

/** A Create that nobody waited for may take effect for a minute; then its orphan is looked for. */
const CLEAN_WITHIN_MS = 90_000;

let server: StandIn;
let rig: Rig;
afterEach(async () => {
  await rig.close();
  await server.close();
});

describe('P7: uploads whose id was never learnt', () => {
  it(
    'land all the same, and are aborted: a reply to Create that was lost, and one that was cut off',
    async () => {
      server = await startStandIn();
      rig = await Rig.create(server);
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
    },
    CLEAN_WITHIN_MS + 30_000,
  );
});
