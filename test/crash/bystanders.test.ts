/** What a killed engine must not do to the rest: hold up others, lose its words, or leave a secret lying about. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperationDetail, OperationView } from '../../src/protocol/shapes.ts';
import { MIB, noise, Rig } from '../support/engine-harness.ts';
import { startStandIn, type StandIn } from '../support/s3-servers.ts';
import { until } from '../support/until.ts';

const KILLS = 3;
const SECRET_KEY_PAIR = 'AKIDBYSTANDER:zx8-very-secret-key-9q';
const SECRET_HEADER = 'Bearer tok-bystander-4711-secret';

/** A port on which nothing listens. */
function deadPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'));
        else resolve(address.port);
      });
    });
  });
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(dir, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true);
}

describe(`after ${KILLS} kills in mid-upload, beside a folder whose storage is dead`, () => {
  let server: StandIn;
  let rig: Rig;
  let dead: OperationView;
  let call: OperationDetail;
  let left: string[];

  beforeAll(async () => {
    server = await startStandIn();
    rig = await Rig.create(server);
    const port = await deadPort();
    rig.configure({
      folders: [rig.folderConfig('drop'), rig.folderConfig('dead', { destination: 'dead' })],
      destinations: {
        dead: rig.destinationConfig({ endpoint: `http://127.0.0.1:${port}`, credentials: { secret: 's3' } }),
      },
    });
    rig.write('waits.txt', 'for a storage that is not there', 'dead');
    rig.write('large.bin', noise(24 * MIB));
    await rig.cliWithInput(SECRET_KEY_PAIR, 'secret', 'set', 's3');
    const queued = await rig.json(
      'call',
      'POST',
      `http://127.0.0.1:${port}/orders`,
      '--header',
      `Authorization: ${SECRET_HEADER}`,
    );
    const slow = server.faults.add({ operation: 'UploadPart', fault: { kind: 'bandwidth', bytesPerSecond: 2 * MIB } });
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = server.counters.snapshot().operations['UploadPart']?.requests ?? 0;
      const engine = rig.spawn('run');
      await until(
        'a part is on its way',
        () => (server.counters.snapshot().operations['UploadPart']?.requests ?? 0) > before,
        30_000,
      );
      await engine.kill('SIGKILL');
    }
    slow();
    left = filesBelow(rig.dataDir);
    rig.spawn('run');
    await rig.untilEngine();
    await rig.untilItem('large.bin', 'succeeded', 60_000);
    dead = await rig.item('waits.txt', 'dead');
    call = await rig.show((queued as OperationView).id);
  }, 180_000);

  afterAll(async () => {
    await rig.close();
    await server.close();
  });

  it('P10: the healthy folder was served while the other could not be', () => {
    expect(dead).toMatchObject({ state: 'pending', attempts: 0 });
    expect(call).toMatchObject({ state: 'pending', attempts: 0 });
  });

  it('P11: what is not done says why, what comes next and what to do, and has its history', () => {
    for (const item of [dead, call]) {
      expect(item.gate).toBe('unreachable');
      expect(item.error).toMatchObject({ code: 'net.refused' });
      expect(item.error?.message).not.toBe('');
      expect(item.error?.hint).not.toBe('');
      expect(item.next).toMatch(/tried/);
    }
    expect(call.events.map(({ type }) => type)).toEqual(expect.arrayContaining(['queued', 'started', 'unreachable']));
  });

  it('P12: nothing that the killed engines left holds a secret', () => {
    expect(left.map((file) => path.basename(file))).toEqual(expect.arrayContaining(['longshore.db', 'engine.log']));
    const secrets = ['zx8-very-secret-key-9q', 'tok-bystander-4711-secret'].map((text) => Buffer.from(text));
    for (const file of filesBelow(rig.dataDir)) {
      const bytes = readFileSync(file);
      for (const secret of secrets) expect([file, bytes.includes(secret)]).toEqual([file, false]);
    }
  });
});
