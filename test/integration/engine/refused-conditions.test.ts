import { renameSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CapabilitiesView } from '../../../src/protocol/shapes.ts';
import { CONDITIONAL_METHODS } from '../../../tools/s3/ignored-conditions.ts';
import { MIB, noise, Rig } from '../../support/engine-harness.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

/** Some services answer a request with a condition with 501 NotImplemented instead of ignoring it. */
describe('P4: a service that refuses conditions altogether: a look right before, then the write without', () => {
  let server: StandIn;
  let rig: Rig;
  beforeEach(async () => {
    server = await startStandIn({ refuseConditions: CONDITIONAL_METHODS });
    rig = await Rig.create(server, {
      serviceIsKnown: false,
      folder: { mode: 'mirror', deletes: { grace: '100ms' } },
    });
  });
  afterEach(async () => {
    await rig.close();
    await server.close();
  });

  const capabilities = async (): Promise<CapabilitiesView> => (await rig.status()).destinations[0]!.capabilities!;
  const untilKnown = async (): Promise<CapabilitiesView> => {
    await until('the capabilities are known', async () => (await capabilities()).checkedAt !== null);
    return await capabilities();
  };

  it('the first file goes up although nothing is known yet, and the probe tells it in words', async () => {
    await rig.start();
    rig.write('a.txt', 'one');
    await rig.untilStored('drop/a.txt', 'one');
    expect(await rig.untilItem('a.txt', 'succeeded')).toMatchObject({ error: null, attempts: 1 });
    const known = await untilKnown();
    expect(known).toMatchObject({
      denied: false,
      conditions: {
        'put-create': 'refused',
        'put-replace': 'refused',
        'complete-create': 'refused',
        'complete-replace': 'refused',
        'copy-create': 'refused',
        'copy-replace': 'refused',
        'delete-match': 'refused',
      },
      checksums: { put: 'yes', multipart: 'yes' },
    });
    expect(known.standIns).toHaveLength(8);
    expect(known.note).toContain('Conditions refused on uploads, uploads in parts, copies and deletes');
    expect((await rig.cli('status')).out).toContain('Conditions refused');
    expect(await rig.bucket.allKeys(), 'P7: the probe took everything away').toEqual(['drop/a.txt']);
    expect(await rig.bucket.allOpenUploads()).toEqual([]);
    // What is known is not tried again: one look, one PUT.
    server.counters.reset();
    rig.write('b.txt', 'two');
    await rig.untilItem('b.txt', 'succeeded');
    expect([server.counters.of('HeadObject').requests, server.counters.of('PutObject').requests]).toEqual([1, 1]);
  });

  it.each([
    ['a small file', 'ours, edited'],
    ['a large file', noise(6 * MIB)],
  ])('%s goes up, is replaced, and another’s change is found and stays', async (_title, edited) => {
    await rig.start();
    rig.write('a.txt', edited);
    await rig.untilItem('a.txt', 'succeeded');
    rig.write('a.txt', 'ours');
    await rig.untilStored('drop/a.txt', 'ours');
    await rig.untilQuiet();
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', edited);
    const conflict = await rig.untilItem('a.txt', 'conflict');
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
    await rig.json('resolve', conflict.id, '--keep', 'local');
    await rig.untilItem('a.txt', 'succeeded');
    expect(sha256((await rig.bucket.get('drop/a.txt'))!.body)).toBe(sha256(edited));
  });

  it('a move is a copy there, and deletes follow', async () => {
    await rig.start();
    rig.write('a.txt', 'content');
    await rig.untilItem('a.txt', 'succeeded');
    await untilKnown();
    renameSync(rig.at('a.txt'), rig.at('b.txt'));
    await rig.untilStored('drop/b.txt', 'content');
    await rig.untilItem('b.txt', 'succeeded');
    expect(server.counters.of('CopyObject').requests).toBeGreaterThan(0);
    expect(await rig.bucket.allKeys()).toEqual(['drop/b.txt']);
    rmSync(rig.at('b.txt'));
    await until('it is gone there', async () => (await rig.bucket.allKeys()).length === 0);
    expect((await rig.untilQuiet()).counts).toMatchObject({ failed: 0, conflict: 0 });
  });

  it('P5: our own write whose reply was lost is recognised', async () => {
    server.faults.add({
      operation: 'PutObject',
      key: 'drop/a.txt',
      nth: 2,
      times: 1,
      fault: { kind: 'reset', when: 'after-effect' },
    });
    await rig.start();
    rig.write('a.txt', 'ours');
    await rig.untilItem('a.txt', 'succeeded');
    expect(await rig.bucket.text('drop/a.txt')).toBe('ours');
  });
});
