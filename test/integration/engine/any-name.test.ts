import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OperationView } from '../../../src/protocol/shapes.ts';
import { MIB, Rig, SERVERS, type TestServer } from '../../support/engine-harness.ts';
import { HOSTILE_NAMES, type HostileName } from '../../support/hostile-names.ts';

const linux = process.platform === 'linux';
/** What moto's own handling of addresses can't take, told by looking: these names are proved on the stand-in alone. */
const MOTO_CANNOT = new Set(['control', 'lines']);

const contentOf = ({ bytes }: HostileName) => `of ${bytes.toString('hex')}`;

describe.runIf(linux).each(SERVERS)('P2: any name, on %s', (serverName, startServer) => {
  let server: TestServer;
  let rig: Rig;
  let items: OperationView[];
  const names = HOSTILE_NAMES.filter(({ group }) => serverName === 'stand-in' || !MOTO_CANNOT.has(group));
  const groups = [...new Set(names.map(({ group }) => group))];
  const of = (group: string) => names.filter((name) => name.group === group);

  beforeAll(async () => {
    server = await startServer();
    rig = await Rig.create(server);
    const root = Buffer.from(`${rig.folder()}/`);
    for (const name of names) writeFileSync(Buffer.concat([root, name.bytes]), contentOf(name));
    const { exitCode, err } = await rig.spawn('--json', 'run', '--once').ended;
    expect([exitCode, err]).toEqual([3, '']);
    items = await rig.ls('--folder', 'drop');
  }, 180_000);
  afterAll(async () => {
    await rig.close();
    await server.close();
  });

  it('premise: several hundred names', () => {
    expect(names.length).toBeGreaterThan(300);
  });

  it.each(groups)('%s', async (group) => {
    const seen: unknown[] = [];
    const wanted: unknown[] = [];
    for (const name of of(group)) {
      const text = name.bytes.toString('utf8');
      switch (name.outcome) {
        case 'stored': {
          const item = items.find(({ path }) => path === text);
          seen.push([text, item?.state, await rig.bucket.text(`drop/${text.normalize('NFC')}`)]);
          wanted.push([text, 'succeeded', contentOf(name)]);
          break;
        }
        case 'ignored':
          seen.push([text, items.filter(({ path }) => path === text)]);
          wanted.push([text, []]);
          break;
        case 'local.name-not-utf8':
          break;
      }
    }
    expect(seen).toEqual(wanted);
  });

  it('what is no text fails alone, each item with its code and a name that can be read', () => {
    const failed = items.filter(({ state }) => state === 'failed');
    const wanted = names.filter(({ outcome }) => outcome === 'local.name-not-utf8').length;
    expect(failed.map(({ error }) => error?.code)).toEqual(Array.from({ length: wanted }, () => 'local.name-not-utf8'));
    expect(new Set(failed.map(({ path }) => path)).size).toBe(wanted);
    for (const { path } of failed) expect(path).toMatch(/\\x[0-9a-f]{2}/);
  });

  it('a second look finds nothing to do', async () => {
    const { exitCode } = await rig.spawn('--json', 'run', '--once').ended;
    expect(exitCode).toBe(3);
    expect((await rig.ls('--folder', 'drop')).length).toBe(items.length);
  }, 60_000);
});

describe.runIf(linux)('P2: any kind of file', () => {
  let server: TestServer;
  let rig: Rig;
  beforeAll(async () => {
    const start = SERVERS[0]?.[1];
    if (start === undefined) throw new Error('no server');
    server = await start();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    rig = await Rig.create(server);
  });
  afterEach(() => rig.close());
  const once = () => rig.spawn('--json', 'run', '--once').ended;
  const state = async (path: string) => {
    const item = (await rig.ls()).findLast((operation) => operation.path === path);
    return item === undefined ? null : [item.state, item.error?.code ?? null];
  };

  it('names that differ in case alone are two files; names that are one in NFC are one, and the other says so', async () => {
    rig.write('README', 'upper');
    rig.write('readme', 'lower');
    rig.write('caf\u00e9', 'composed');
    rig.write('cafe\u0301', 'decomposed');
    expect((await once()).exitCode).toBe(3);
    expect([await rig.bucket.text('drop/README'), await rig.bucket.text('drop/readme')]).toEqual(['upper', 'lower']);
    const both = [await state('caf\u00e9'), await state('cafe\u0301')].map(String).sort();
    expect(both).toEqual(['failed,local.name-collision', 'succeeded,']);
  });

  it('the longest key goes up; one byte more fails alone', async () => {
    // "drop/" and four levels of 200 and one of what is left to 1,024.
    const deep = Array.from({ length: 4 }, () => 'd'.repeat(200)).join('/');
    const left = 1024 - Buffer.byteLength(`drop/${deep}/`);
    rig.write(`${deep}/${'x'.repeat(left)}`, 'fits');
    rig.write(`${deep}/${'y'.repeat(left + 1)}`, 'does not');
    expect((await once()).exitCode).toBe(3);
    expect(await rig.bucket.text(`drop/${deep}/${'x'.repeat(left)}`)).toBe('fits');
    expect(await state(`${deep}/${'y'.repeat(left + 1)}`)).toEqual(['failed', 's3.key-too-long']);
  });

  it('nothing in it, holes in it, two names for it', async () => {
    rig.write('empty', '');
    rig.write('sparse', '');
    truncateSync(rig.at('sparse'), 12 * MIB);
    rig.write('one', 'linked');
    linkSync(rig.at('one'), rig.at('two'));
    expect((await once()).exitCode).toBe(0);
    expect(await rig.bucket.text('drop/empty')).toBe('');
    expect((await rig.bucket.get('drop/sparse'))?.body.equals(Buffer.alloc(12 * MIB))).toBe(true);
    expect([await rig.bucket.text('drop/one'), await rig.bucket.text('drop/two')]).toEqual(['linked', 'linked']);
  });

  it('what is no file is shown; links are left out; the size limits hold', async () => {
    rig.configure({ folder: { minFileSize: 3, maxFileSize: 10 } });
    execFileSync('mkfifo', [rig.at('pipe')]);
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(rig.at('socket'), resolve));
    symlinkSync('good', rig.at('link'));
    symlinkSync('.', rig.at('loop'));
    mkdirSync(rig.at('empty directory'));
    rig.write('good', 'good');
    rig.write('small', 's');
    rig.write('large', 'much too large');
    try {
      expect((await once()).exitCode).toBe(3);
    } finally {
      socket.close();
    }
    expect(await rig.bucket.keys()).toEqual(['drop/good']);
    expect(await state('pipe')).toEqual(['failed', 'local.not-a-file']);
    expect(await state('socket')).toEqual(['failed', 'local.not-a-file']);
    expect(await state('large')).toEqual(['failed', 'local.too-large']);
    for (const path of ['link', 'loop', 'small']) expect([path, await state(path)]).toEqual([path, null]);
  });

  it.runIf(process.geteuid?.() !== 0)('what may not be read fails alone, and goes up once it may', async () => {
    rig.write('locked', 'secret');
    rig.write('open', 'open');
    chmodSync(rig.at('locked'), 0o000);
    expect((await once()).exitCode).toBe(3);
    expect(await rig.bucket.keys()).toEqual(['drop/open']);
    expect(await state('locked')).toEqual(['failed', 'local.permission']);
    chmodSync(rig.at('locked'), 0o600);
    expect((await once()).exitCode).toBe(0);
    expect(await rig.bucket.text('drop/locked')).toBe('secret');
  });
});
