import { rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MIB, noise, PART_BYTES, Rig, SERVERS } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { sha256 } from '../../support/s3-bucket.ts';

describe.each(SERVERS)('drop mode against %s', (name, startServer) => {
  let rig: Rig;
  rigForEach(startServer, async (server) => (rig = await Rig.create(server)));

  it('P2: small files of all kinds arrive byte for byte and show as ready', async () => {
    const files: Record<string, Buffer> = {
      'a.txt': Buffer.from('hello'),
      'empty.bin': Buffer.alloc(0),
      'deep/er/b c+d%.json': Buffer.from('{}'),
      'ümläut 你好 #?&.dat': noise(10_000),
      // No route of moto matches a path with a line break.
      ...(name === 'moto' ? {} : { 'new\nline': Buffer.from('x') }),
      [`${'n'.repeat(250)}.txt`]: Buffer.from('long name'),
    };
    for (const [path, bytes] of Object.entries(files)) rig.write(path, bytes);
    await rig.start();
    const written = Object.keys(files);
    for (const path of written) {
      const item = await rig.untilItem(path, 'succeeded');
      expect(item).toMatchObject({ phase: 'ready', verified: true, error: null, attempts: 1 });
      expect(item.bytesDone).toBe(files[path]!.length);
    }
    expect(await rig.bucket.keys()).toEqual(written.map((path) => `drop/${path}`).sort());
    for (const path of written) {
      const stored = await rig.bucket.get(`drop/${path}`);
      expect(sha256(stored!.body)).toBe(sha256(files[path]!));
    }
    expect((await rig.bucket.get('drop/deep/er/b c+d%.json'))?.contentType).toBe('application/json');
  });

  it('P3: a large file goes up in parts and arrives byte for byte, whatever its last part', async () => {
    const exact = noise(2 * PART_BYTES);
    const odd = noise(11 * MIB + 17);
    rig.write('exact.bin', exact);
    rig.write('odd.bin', odd);
    await rig.start();
    expect(await rig.untilItem('exact.bin', 'succeeded')).toMatchObject({ verified: true, bytesDone: exact.length });
    expect(await rig.untilItem('odd.bin', 'succeeded')).toMatchObject({ verified: true, bytesDone: odd.length });
    const stored = await rig.bucket.get('drop/odd.bin');
    expect(stored?.etag).toMatch(/-3$/);
    expect(sha256(stored!.body)).toBe(sha256(odd));
    expect(sha256((await rig.bucket.get('drop/exact.bin'))!.body)).toBe(sha256(exact));
    expect(await rig.bucket.openUploads()).toEqual([]);
  });

  it('P4: edits replace what Longshore put there, small and large, and each is one operation', async () => {
    rig.write('a.txt', 'first');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    rig.write('a.txt', 'the second state');
    await rig.untilStored('drop/a.txt', 'the second state');
    const large = noise(PART_BYTES + 1);
    rig.write('a.txt', large);
    const item = await rig.untilItem(
      'a.txt',
      'succeeded',
      20_000,
      (operation) => operation.bytesTotal === large.length,
    );
    expect(item.verified).toBe(true);
    expect(sha256((await rig.bucket.get('drop/a.txt'))!.body)).toBe(sha256(large));
    const all = await rig.ls();
    expect(all.map((operation) => operation.state)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });

  it('a delete leaves the object, and a file that comes back with the same content is quiet', async () => {
    rig.write('a.txt', 'stays');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    const { etag } = (await rig.bucket.get('drop/a.txt'))!;
    rig.write('marker.txt', '1');
    rmSync(rig.at('a.txt'));
    await rig.untilItem('marker.txt', 'succeeded');
    await rig.rescan();
    expect(await rig.bucket.text('drop/a.txt')).toBe('stays');
    writeFileSync(rig.at('a.txt'), 'stays');
    await rig.untilItem('a.txt', 'succeeded', 20_000);
    await rig.untilQuiet();
    expect((await rig.bucket.get('drop/a.txt'))?.etag).toBe(etag);
    expect((await rig.status()).counts).toMatchObject({ failed: 0, conflict: 0 });
  });

  it('files that were there before, or were changed while nothing ran, are found at the next start', async () => {
    rig.write('a.txt', 'one');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    await rig.stop();
    rig.write('a.txt', 'changed meanwhile');
    rig.write('b.txt', 'new meanwhile');
    await rig.start();
    await rig.untilStored('drop/a.txt', 'changed meanwhile');
    await rig.untilStored('drop/b.txt', 'new meanwhile');
    await rig.stop();
    await rig.start();
    await rig.untilQuiet();
    expect((await rig.status()).counts.succeeded).toBe(3);
  });
});
