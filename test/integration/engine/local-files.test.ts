import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MIB, noise, Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

let server: StandIn;
let rig: Rig;
rigForEach(startStandIn, async (started) => {
  server = started;
  return (rig = await Rig.create(server));
});

const partsDone = () => server.counters.of('UploadPart').statuses['200'] ?? 0;

describe('P3: a file that changes while it is sent', () => {
  it.each(['rewritten in place', 'replaced by a rename'])('%s: the new state lands, never a mixture', async (how) => {
    const slow = server.faults.add({
      operation: 'UploadPart',
      fault: { kind: 'bandwidth', bytesPerSecond: 8_000_000 },
    });
    const [before, after] = [noise(26 * MIB), noise(26 * MIB)];
    rig.write('a.bin', before);
    await rig.start();
    await until('a part is there', () => partsDone() > 0);
    if (how === 'rewritten in place') writeFileSync(rig.at('a.bin'), after, { flag: 'r+' });
    else {
      rig.write('.a.bin.tmp', after);
      renameSync(rig.at('.a.bin.tmp'), rig.at('a.bin'));
    }
    slow();
    await until('the new state is there', async () => {
      const stored = await rig.bucket.get('drop/a.bin');
      return stored !== null && sha256(stored.body) === sha256(after);
    });
    await rig.untilItem('a.bin', 'succeeded');
    await rig.untilQuiet();
    // Each object that was ever made visible was made by a Complete: there was exactly one, of the new state.
    expect(server.counters.of('CompleteMultipartUpload').statuses).toEqual({ 200: 1 });
    expect((await rig.status()).counts).toMatchObject({ succeeded: 1, superseded: 1, failed: 0, conflict: 0 });
    await expect.poll(() => rig.bucket.openUploads(), { timeout: 10_000 }).toEqual([]);
  });

  it('a file that is written all the time is taken only once it stands still, with all that was written', async () => {
    rig.configure({ folder: { stability: '500ms' } });
    await rig.start();
    const file = openSync(rig.at('log.txt'), 'w');
    let written = '';
    for (let line = 0; line < 15; line += 1) {
      // A steady writer: the pace is the subject of the test.
      await delay(60);
      writeSync(file, `line ${line}\n`);
      written += `line ${line}\n`;
      expect(await rig.bucket.keys()).toEqual([]);
    }
    closeSync(file);
    await rig.untilStored('drop/log.txt', written);
    expect(await rig.ls()).toHaveLength(1);
  });

  it('one that vanishes while it is sent ends without object, upload or noise', async () => {
    server.faults.add({ operation: 'UploadPart', fault: { kind: 'bandwidth', bytesPerSecond: 2_000_000 } });
    rig.write('a.bin', noise(26 * MIB));
    await rig.start();
    await until('bytes flow', () => server.counters.of('UploadPart').requestBodyBytes > 0);
    rmSync(rig.at('a.bin'));
    await rig.untilItem('a.bin', 'superseded');
    await expect.poll(() => rig.bucket.openUploads(), { timeout: 10_000 }).toEqual([]);
    expect(await rig.bucket.keys()).toEqual([]);
    expect((await rig.status()).counts).toMatchObject({ failed: 0, conflict: 0, pending: 0, running: 0, waiting: 0 });
  });

  it('one that vanishes before it is sent is not sent', async () => {
    await rig.start();
    await rig.json('pause');
    rig.write('a.txt', 'short-lived');
    await rig.untilItem('a.txt', 'pending');
    rmSync(rig.at('a.txt'));
    await rig.untilItem('a.txt', 'superseded');
    await rig.json('resume');
    rig.write('b.txt', 'marker');
    await rig.untilItem('b.txt', 'succeeded');
    expect(await rig.bucket.keys()).toEqual(['drop/b.txt']);
  });

  it('a touch without a change sends nothing', async () => {
    rig.write('a.txt', 'same');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    execFileSync('touch', [rig.at('a.txt')]);
    await until('the touch was noticed', async () => (await rig.ls()).length === 2);
    await rig.untilItem('a.txt', 'succeeded');
    expect(server.counters.of('PutObject').requests).toBe(1);
  });

  it('an append goes up whole', async () => {
    rig.write('a.txt', 'one\n');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    appendFileSync(rig.at('a.txt'), 'two\n');
    await rig.untilStored('drop/a.txt', 'one\ntwo\n');
  });
});

describe('P2: what can not be taken is shown, with its reason, and disturbs nothing else', () => {
  it('two names that are one key: the second fails and says which the other is; renamed, it goes up', async () => {
    const composed = '\u00e9.txt';
    const decomposed = 'e\u0301.txt';
    rig.write(composed, 'composed');
    await rig.start();
    await rig.untilItem(composed, 'succeeded');
    rig.write(decomposed, 'decomposed');
    const failed = await rig.untilItem(decomposed, 'failed');
    expect(failed.error).toMatchObject({ code: 'local.name-collision', detail: composed });
    expect(failed.error?.hint).toMatch(/Rename/);
    expect(await rig.bucket.text('drop/\u00e9.txt')).toBe('composed');
    renameSync(rig.at(decomposed), rig.at('other.txt'));
    await rig.untilStored('drop/other.txt', 'decomposed');
    await until('the trouble is gone', async () => (await rig.status()).counts.failed === 0);
    expect(await rig.bucket.keys()).toEqual(['drop/other.txt', 'drop/\u00e9.txt'].sort());
  });

  it('both at once: one goes up, one fails; once the first is gone, the other takes its place by itself', async () => {
    rig.write('\u00e9.txt', 'composed');
    rig.write('e\u0301.txt', 'decomposed');
    await rig.start();
    await rig.untilQuiet();
    await until('both are settled', async () => {
      const { counts } = await rig.status();
      return counts.failed === 1 && counts.succeeded === 1;
    });
    const [failed] = await rig.ls('--state', 'failed');
    const [done] = await rig.ls('--state', 'succeeded');
    rmSync(rig.at(done!.path!));
    // What was there is of our own making: no other hand's change is lost (P4).
    await rig.untilItem(failed!.path!, 'succeeded');
    expect(await rig.bucket.text('drop/\u00e9.txt')).toBe(failed!.path === '\u00e9.txt' ? 'composed' : 'decomposed');
  });

  it('a name in NFD gets a key in NFC, and its own name in the metadata', async () => {
    rig.write('e\u0301.txt', 'x');
    await rig.start();
    await rig.untilItem('e\u0301.txt', 'succeeded');
    const stored = await rig.bucket.get('drop/\u00e9.txt');
    expect(decodeURIComponent(stored!.metadata['longshore-name']!)).toBe('e\u0301.txt');
  });

  it('a name that is not UTF-8, a pipe, a socket: failed with their codes; what is good goes up', async () => {
    writeFileSync(
      Buffer.concat([Buffer.from(`${rig.folder()}/caf`), Buffer.from([0xe9]), Buffer.from('.txt')]),
      'latin1',
    );
    execFileSync('mkfifo', [rig.at('pipe')]);
    rig.write('good.txt', 'good');
    await rig.start();
    await rig.untilItem('good.txt', 'succeeded');
    const pipe = await rig.untilItem('pipe', 'failed');
    expect(pipe.error).toMatchObject({ code: 'local.not-a-file' });
    const failed = await rig.ls('--state', 'failed');
    expect(new Set(failed.map(({ error }) => error?.code))).toEqual(
      new Set(['local.name-not-utf8', 'local.not-a-file']),
    );
    const latin = failed.find(({ error }) => error?.code === 'local.name-not-utf8');
    expect(latin?.error?.hint).toMatch(/Rename/);
    expect(latin?.path).toMatch(/^caf.+\.txt$/);
    await rig.rescan();
    expect((await rig.status()).counts).toMatchObject({ failed: 2, succeeded: 1 });
    // Taken away, it is no trouble any more.
    rmSync(rig.at('pipe'));
    await rig.rescan();
    await until('the pipe is forgotten', async () => (await rig.status()).counts.failed === 1);
  });

  it('a key above 1,024 bytes is a failure of that file alone', async () => {
    const dir = Array.from({ length: 5 }, () => 'd'.repeat(250)).join('/');
    rig.write(`${dir}/deep.txt`, 'x');
    rig.write('good.txt', 'good');
    await rig.start();
    await rig.untilItem('good.txt', 'succeeded');
    expect((await rig.untilItem(`${dir}/deep.txt`, 'failed')).error?.code).toBe('s3.key-too-long');
  });

  it('symbolic links are not followed', async () => {
    rig.write('good.txt', 'good');
    symlinkSync('/etc/hostname', rig.at('link'));
    symlinkSync('/etc', rig.at('link-dir'));
    await rig.start();
    await rig.untilItem('good.txt', 'succeeded');
    expect(await rig.bucket.keys()).toEqual(['drop/good.txt']);
  });
});

describe('ignored files', () => {
  it('.longshoreignore, patterns of the folder and defaults keep files out, countable; unignored they go up', async () => {
    rig.configure({ folder: { ignore: ['*.bak'] } });
    rig.write('.longshoreignore', '*.secret\n/build/\n!build/keep.txt\n');
    rig.write('a.secret', 'no');
    rig.write('sub/b.secret', 'no');
    rig.write('build/out.txt', 'no');
    rig.write('c.bak', 'no');
    rig.write('download.part', 'no');
    rig.write('.d.txt.swp', 'no');
    rig.write('sub/good.txt', 'yes');
    await rig.start();
    await rig.untilItem('sub/good.txt', 'succeeded');
    await rig.untilQuiet();
    const stored = (await rig.bucket.keys()).filter((key) => !key.endsWith('.longshoreignore'));
    expect(stored).toEqual(['drop/sub/good.txt']);
    const [folder] = (await rig.status()).folders;
    expect(folder!.ignored).toBeGreaterThanOrEqual(5);
    rig.write('.longshoreignore', '/build/\n');
    await rig.untilStored('drop/a.secret', 'no');
    await rig.untilStored('drop/sub/b.secret', 'no');
    expect(await rig.bucket.get('drop/build/out.txt')).toBeNull();
  });
});
