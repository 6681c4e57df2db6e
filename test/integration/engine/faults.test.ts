import { describe, expect, it } from 'vitest';
import type { Fault, FaultRule } from '../../../tools/s3/faults.ts';
import { MIB, noise, Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

const LOST: Fault = { kind: 'reset', when: 'after-effect' };
const SLOW_DOWN: Fault = { kind: 'error', status: 503, code: 'SlowDown' };

let server: StandIn;
let rig: Rig;
rigForEach(startStandIn, async (started) => {
  server = started;
  return (rig = await Rig.create(server));
});

async function expectLanded(path: string, bytes: Buffer, rule: FaultRule): Promise<void> {
  server.faults.add(rule);
  rig.write(path, bytes);
  await rig.start();
  const item = await rig.untilItem(path, 'succeeded');
  expect(server.faults.rules()[0]!.struck).toBeGreaterThan(0);
  const stored = (await rig.bucket.get(`drop/${path}`))!;
  expect(sha256(stored.body)).toBe(sha256(bytes));
  expect(stored.metadata['longshore-op']).toBe(item.id);
  expect(await rig.ls()).toHaveLength(1);
  expect(item).toMatchObject({ error: null, verified: true });
  await expect.poll(() => rig.bucket.openUploads(), { timeout: 10_000 }).toEqual([]);
}

describe('P5: a reply that is lost after the effect', () => {
  it('of a PUT is recognised as our own write, not as a conflict', async () => {
    await expectLanded('a.txt', noise(1000), { operation: 'PutObject', times: 1, fault: LOST });
    // One write took effect; the second try was refused by its condition.
    expect(server.counters.of('PutObject').statuses).toEqual({ 412: 1 });
    expect(server.counters.of('PutObject').unanswered).toBe(1);
  });

  it('of a replacing PUT is recognised, and the next edit has the right base', async () => {
    rig.write('a.txt', 'first');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    server.faults.add({ operation: 'PutObject', times: 1, fault: LOST });
    rig.write('a.txt', 'second!');
    await rig.untilStored('drop/a.txt', 'second!');
    await rig.untilItem('a.txt', 'succeeded', 20_000, (operation) => operation.bytesTotal === 7);
    expect(server.faults.rules()[0]!.struck).toBe(1);
    rig.write('a.txt', 'the third');
    await rig.untilStored('drop/a.txt', 'the third');
    await rig.untilQuiet();
    expect((await rig.status()).counts).toMatchObject({ succeeded: 3, conflict: 0, failed: 0 });
  });

  it('of Complete is recognised: no byte is sent again', async () => {
    await expectLanded('a.bin', noise(11 * MIB), { operation: 'CompleteMultipartUpload', times: 1, fault: LOST });
    expect(server.counters.of('UploadPart').requests).toBe(3);
  });

  it('P6: of a part: the part is adopted or sent again, the others are not', async () => {
    await expectLanded('a.bin', noise(16 * MIB), { operation: 'UploadPart', partNumber: 2, times: 1, fault: LOST });
    expect(server.counters.of('UploadPart').requestBodyBytes).toBeLessThanOrEqual(16 * MIB + 4 * 5 * MIB);
  });

  it('P2: together with an edit that takes the change back: the storage has what the file has', async () => {
    rig.write('a.txt', 'first!');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    server.faults.add({ operation: 'PutObject', times: 1, fault: LOST });
    // Nobody can look what became of it.
    server.faults.add({ operation: 'HeadObject', times: 1000, fault: SLOW_DOWN });
    rig.write('a.txt', 'second');
    await rig.untilStored('drop/a.txt', 'second');
    rig.write('a.txt', 'first!');
    await until('the engine has met it', async () => (await rig.ls()).length === 3);
    server.faults.clear();
    await rig.untilStored('drop/a.txt', 'first!');
    await rig.untilQuiet();
    expect((await rig.status()).counts).toMatchObject({ conflict: 0, failed: 0 });
  });

  it('together with an edit that came meanwhile: the edit lands, without a conflict', async () => {
    server.faults.add({ operation: 'PutObject', times: 1, fault: LOST });
    // The look that would tell whose write it was fails as well.
    server.faults.add({ operation: 'HeadObject', times: 2, fault: SLOW_DOWN });
    rig.write('a.txt', 'first');
    await rig.start();
    await rig.untilItem('a.txt', 'waiting', 20_000);
    rig.write('a.txt', 'edited meanwhile');
    await rig.untilStored('drop/a.txt', 'edited meanwhile');
    await rig.untilQuiet();
    expect((await rig.status()).counts).toMatchObject({ conflict: 0, failed: 0 });
  });
});

describe('P2: trouble on the way is retried until the file is there', () => {
  it.each<[string, FaultRule, number]>([
    ['503 SlowDown on PUT', { operation: 'PutObject', times: 2, fault: SLOW_DOWN }, 1000],
    [
      '500 on PUT',
      { operation: 'PutObject', times: 1, fault: { kind: 'error', status: 500, code: 'InternalError' } },
      10,
    ],
    [
      'reset before the effect',
      { operation: 'PutObject', times: 1, fault: { kind: 'reset', when: 'before-effect' } },
      10,
    ],
    [
      'reset in the middle of the body',
      { operation: 'PutObject', times: 1, fault: { kind: 'reset-mid-body', afterBytes: 500_000 } },
      MIB,
    ],
    ['a truncated reply to PUT', { operation: 'PutObject', times: 1, fault: { kind: 'truncate', afterBytes: 0 } }, 10],
    ['503 SlowDown on Create', { operation: 'CreateMultipartUpload', times: 2, fault: SLOW_DOWN }, 6 * MIB],
    ['503 SlowDown on parts', { operation: 'UploadPart', times: 3, fault: SLOW_DOWN }, 11 * MIB],
    [
      'resets in the middle of parts',
      { operation: 'UploadPart', nth: 2, times: 2, fault: { kind: 'reset-mid-body', afterBytes: 2_000_000 } },
      16 * MIB,
    ],
    ['503 SlowDown on Complete', { operation: 'CompleteMultipartUpload', times: 1, fault: SLOW_DOWN }, 6 * MIB],
    [
      'an error inside of a Complete that began with 200',
      { operation: 'CompleteMultipartUpload', times: 1, fault: { kind: 'error', status: 200, code: 'InternalError' } },
      6 * MIB,
    ],
    [
      'a truncated reply to Complete',
      { operation: 'CompleteMultipartUpload', times: 1, fault: { kind: 'truncate', afterBytes: 40 } },
      6 * MIB,
    ],
    [
      '409 at Complete, which wants a new upload',
      {
        operation: 'CompleteMultipartUpload',
        times: 1,
        fault: { kind: 'error', status: 409, code: 'ConditionalRequestConflict' },
      },
      6 * MIB,
    ],
  ])('%s', async (_title, rule, sizeBytes) => {
    await expectLanded('f.bin', noise(sizeBytes), rule);
  });

  it('an upload that another hand aborted, or that expired, starts again', async () => {
    const bytes = noise(26 * MIB);
    const slow = server.faults.add({
      operation: 'UploadPart',
      fault: { kind: 'bandwidth', bytesPerSecond: 8_000_000 },
    });
    rig.write('f.bin', bytes);
    await rig.start();
    await until('a part is there', () => (server.counters.of('UploadPart').statuses['200'] ?? 0) > 0);
    for (const upload of await rig.bucket.openUploads()) await rig.bucket.abort(upload);
    slow();
    expect(await rig.untilItem('f.bin', 'succeeded')).toMatchObject({ verified: true, bytesDone: bytes.length });
    expect(sha256((await rig.bucket.get('drop/f.bin'))!.body)).toBe(sha256(bytes));
    expect(await rig.bucket.openUploads()).toEqual([]);
  });

  it('P11: attempts are counted, shown and bounded; what is exhausted says so and can be retried', async () => {
    rig.configure({
      destination: { retry: { initialDelay: '50ms', maxDelay: '50ms', maxAttempts: 3, jitter: 'none' } },
    });
    server.faults.add({ operation: 'PutObject', fault: SLOW_DOWN });
    rig.write('a.txt', 'x');
    await rig.start();
    const failed = await rig.untilItem('a.txt', 'failed');
    expect(failed).toMatchObject({ attempts: 3, error: { code: 's3.slow-down', class: 'transient' } });
    expect(server.counters.of('PutObject').requests).toBe(3);
    server.faults.clear();
    await rig.json('retry', '--failed');
    expect(await rig.untilItem('a.txt', 'succeeded')).toMatchObject({ id: failed.id, attempts: 1 });
  });

  it('P11: a retry that is due later shows when, and what happens next', async () => {
    rig.configure({ destination: { retry: { initialDelay: '1h', maxDelay: '1h', jitter: 'none' } } });
    server.faults.add({ operation: 'PutObject', times: 1, fault: SLOW_DOWN });
    rig.write('a.txt', 'x');
    await rig.start();
    const waiting = await rig.untilItem('a.txt', 'waiting');
    expect(Date.parse(waiting.dueAt!)).toBeGreaterThan(Date.now() + 3_000_000);
    expect(waiting.next).toMatch(/\S/);
    expect(waiting).toMatchObject({ attempts: 1, error: { code: 's3.slow-down' } });
    // It is persisted: a restart forgets neither the time nor the count.
    await rig.stop();
    await rig.start();
    expect(await rig.item('a.txt')).toMatchObject({ state: 'waiting', dueAt: waiting.dueAt, attempts: 1 });
    await rig.json('retry', waiting.id);
    await rig.untilItem('a.txt', 'succeeded');
  });
});
