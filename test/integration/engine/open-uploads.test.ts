import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MIB, noise, Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

let server: StandIn;
let rig: Rig;
rigForEach(startStandIn, async (started) => {
  server = started;
  return (rig = await Rig.create(server));
});

interface Listed {
  readonly items: readonly { readonly key: string; readonly owner: string; readonly operationId: string | null }[];
  readonly aborted?: number;
}
const listed = async (...args: string[]) => (await rig.json('uploads', ...args)) as Listed;

/** Another program, or a Longshore whose database was lost, begins an upload and never ends it. */
async function begin(key: string): Promise<void> {
  const { endpoint, region, credentials } = server;
  const client = new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true });
  await client.send(new CreateMultipartUploadCommand({ Bucket: rig.bucket.name, Key: key }));
  client.destroy();
}

describe('P7: multipart uploads that nothing here knows', () => {
  it('after a lost database they are told, and aborted only on a word', async () => {
    server.faults.add({ operation: 'UploadPart', fault: { kind: 'bandwidth', bytesPerSecond: 1_000_000 } });
    rig.write('big.bin', noise(24 * MIB));
    await rig.start();
    await until('it is open', async () => (await rig.bucket.openUploads()).length === 1);
    await rig.stop();
    for (const end of ['', '-wal', '-shm']) rmSync(`${rig.dataDir}/longshore.db${end}`, { force: true });
    rmSync(rig.at('big.bin'));
    server.faults.clear();

    await rig.start();
    await rig.untilQuiet();
    expect((await rig.bucket.openUploads()).map(({ key }) => key)).toEqual(['drop/big.bin']);
    expect((await listed()).items).toMatchObject([{ key: 'drop/big.bin', owner: 'unknown', operationId: null }]);
    expect(await listed('--abort-unknown', '--until', '1h')).toMatchObject({ aborted: 0 });
    expect(await listed('--abort-unknown')).toMatchObject({ aborted: 1 });
    await expect.poll(() => rig.bucket.openUploads(), { timeout: 10_000 }).toEqual([]);
    expect((await listed()).items).toEqual([]);
  });

  it('leaves alone what an item goes on with, and what lies outside of our prefixes', async () => {
    server.faults.add({ operation: 'UploadPart', fault: { kind: 'bandwidth', bytesPerSecond: 1_000_000 } });
    await begin('elsewhere/other.bin');
    await begin('drop/stray.bin');
    rig.write('big.bin', noise(24 * MIB));
    await rig.start();
    await until('ours is open', async () => (await rig.bucket.openUploads()).length === 3);
    const { id } = await rig.untilItem('big.bin', 'running');
    const { items } = await listed();
    expect(
      items
        .map(({ key, owner, operationId }) => [key, owner, operationId])
        .sort((a, b) => String(a).localeCompare(String(b))),
    ).toEqual([
      ['drop/big.bin', 'operation', id],
      ['drop/stray.bin', 'unknown', null],
    ]);
    expect(await listed('--abort-unknown')).toMatchObject({ aborted: 1 });
    server.faults.clear();
    await rig.untilItem('big.bin', 'succeeded', 40_000);
    await expect
      .poll(async () => (await rig.bucket.openUploads()).map(({ key }) => key), { timeout: 10_000 })
      .toEqual(['elsewhere/other.bin']);
  });
});
