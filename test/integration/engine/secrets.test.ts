import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { QUICK_RETRY, Rig } from '../../support/engine-harness.ts';
import { afterBody, startFaultServer, type FaultServer } from '../../support/fault-server.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';

const SECRETS = {
  stored: 'stored-secret-9f1c77ab',
  header: 'header-secret-1b8e02cd',
  query: 'query-secret-77aa31ef',
  body: 'body-secret-5d20c9b4',
  reply: 'reply-secret-0c4e8812',
  environment: 'environment-secret-e3a90d56',
  s3: 's3-secret-key-4411bbcc',
};

let storage: StandIn;
let api: FaultServer;
let rig: Rig;
let authorizations: (string | undefined)[] = [];
beforeAll(async () => {
  storage = await startStandIn({
    credentials: [
      { accessKeyId: 'AKIDTEST', secretAccessKey: 'test-only-secret' },
      { accessKeyId: 'AKIDSECRET', secretAccessKey: SECRETS.s3 },
    ],
  });
  // A careless service: it repeats what it was sent, in its errors too.
  api = await startFaultServer(
    afterBody((reply, body, request) => {
      authorizations.push(request.headers.authorization);
      const said = JSON.stringify({
        title: 'no',
        detail: `you sent ${JSON.stringify(request.headers)} and ${body.toString()}`,
        token: SECRETS.reply,
      });
      const code = request.url?.startsWith('/bad') === true ? 400 : 200;
      reply
        .writeHead(code, { 'content-type': 'application/problem+json', 'set-cookie': `session=${SECRETS.reply}` })
        .end(said);
    }),
  );
});
afterAll(async () => {
  await api.close();
  await storage.close();
});
beforeEach(async () => {
  authorizations = [];
  rig = await Rig.create(storage);
});
afterEach(() => rig.close());

/** Every byte that stands in the data directory, file by file. */
function bytesOnDisk(dir: string): [string, Buffer][] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => [path, readFileSync(path)]);
}

function expectClean(where: string, content: Buffer | string, allowed: readonly string[] = []): void {
  for (const [name, value] of Object.entries(SECRETS)) {
    if (allowed.includes(name)) continue;
    expect(content.includes(value), `${where} holds the ${name} secret`).toBe(false);
    expect(content.includes(Buffer.from(value).toString('base64')), `${where} holds the ${name} secret in base64`).toBe(
      false,
    );
  }
}

describe('P12: secrets stay secret', () => {
  it('in no file of the data directory, no log, and no output of the command line', async () => {
    rig.configure({
      destination: { credentials: { secret: 's3-key' } },
      providers: {
        crm: { baseUrl: api.url, auth: { type: 'bearer', token: { secret: 'crm-token' } }, retry: QUICK_RETRY },
        erp: { baseUrl: api.url, auth: { type: 'apiKey', value: { env: 'ERP_KEY' } }, retry: QUICK_RETRY },
      },
    });
    await rig.start({ ERP_KEY: SECRETS.environment });
    const secrets = [
      ['crm-token', SECRETS.stored],
      ['s3-key', JSON.stringify({ accessKeyId: 'AKIDSECRET', secretAccessKey: SECRETS.s3 })],
    ] as const;
    const outputs: string[] = [];
    for (const [name, value] of secrets) outputs.push((await rig.cliWithInput(value, 'secret', 'set', name)).out);
    rig.write('a.txt', 'x');
    await rig.untilItem('a.txt', 'succeeded');

    const ids: string[] = [];
    for (const target of ['crm:/good', 'crm:/bad', 'erp:/good', 'erp:/bad', `${api.url}/good`, `${api.url}/bad`]) {
      const queued = await rig.cli(
        '--json',
        'call',
        'POST',
        `${target}?token=${SECRETS.query}`,
        '--header',
        `X-Auth: ${SECRETS.header}`,
        '--body',
        JSON.stringify({ password: SECRETS.body }),
      );
      expect(queued.exitCode).toBe(0);
      outputs.push(queued.out, queued.err);
      ids.push((JSON.parse(queued.out) as { id: string }).id);
    }
    await rig.untilQuiet();
    expect((await rig.status()).counts).toMatchObject({ succeeded: 4, failed: 3 });
    // The premise: the secrets were really used.
    expect(authorizations).toContain(`Bearer ${SECRETS.stored}`);

    for (const args of [
      ['status'],
      ['ls'],
      ['events'],
      ['conflicts'],
      ['config', 'show'],
      ['doctor'],
      ['secret', 'ls'],
    ]) {
      for (const json of [true, false]) {
        const { out, err } = await rig.cli(...(json ? ['--json'] : []), ...args);
        expectClean(args.join(' '), out + err);
      }
    }
    // What a person asks for by name is shown: the reply's body; but not what the service repeats of our credentials there.
    for (const id of ids) {
      const detail = await rig.show(id);
      expectClean('show', JSON.stringify({ ...detail, response: { ...detail.response, body: '' } }));
    }
    expectClean('the output', outputs.join('\n'));
    expectClean('the log', rig.log.join('\n'));
    const files = bytesOnDisk(rig.dataDir);
    expect(files.map(([path]) => path)).toContain(join(rig.dataDir, 'longshore.db-wal'));
    for (const [path, bytes] of files) expectClean(path, bytes);
    await rig.stop();
    for (const [path, bytes] of bytesOnDisk(rig.dataDir)) expectClean(path, bytes);
  });

  it('files of the data directory are readable by their owner alone', async () => {
    await rig.start();
    rig.write('a.txt', 'x');
    await rig.untilItem('a.txt', 'succeeded');
    const open = readdirSync(rig.dataDir, { withFileTypes: true })
      .filter((entry) => entry.isFile() && (statSync(join(rig.dataDir, entry.name)).mode & 0o077) !== 0)
      .map(({ name }) => name);
    expect(open).toEqual([]);
    expect(statSync(rig.dataDir).mode & 0o077).toBe(0);
  });

  it('keys of a destination that were stored wrong, set right and retried, work at once', async () => {
    rig.configure({ destination: { credentials: { secret: 's3-key' } } });
    await rig.start();
    await rig.cliWithInput('AKIDSECRET:mistyped', 'secret', 'set', 's3-key');
    rig.write('a.txt', 'x');
    expect((await rig.untilItem('a.txt', 'failed')).error?.code).toBe('s3.bad-credentials');
    await rig.cliWithInput(`AKIDSECRET:${SECRETS.s3}`, 'secret', 'set', 's3-key');
    await rig.json('retry', '--failed');
    expect(await rig.untilItem('a.txt', 'succeeded')).toMatchObject({ error: null });
  });

  it('P12: one of a wrong form is told at the start and by doctor, never shown; mended, nothing is told', async () => {
    rig.configure({ destination: { credentials: { secret: 's3-key' } } });
    await rig.cliWithInput(`AKIDSECRET: ${SECRETS.s3} and more`, 'secret', 'set', 's3-key');
    const words = 'The secret "s3-key" is not of the form ACCESS_KEY_ID:SECRET_ACCESS_KEY.';
    for (const running of [false, true]) {
      if (running) await rig.start();
      const doctor = await rig.cli('doctor');
      expect(doctor.exitCode).toBe(3);
      expect(doctor.out).toContain(words);
      expect(doctor.out + doctor.err).not.toContain(SECRETS.s3);
    }
    expect(rig.log.join('\n')).toContain(`destination main: ${words} Set it again with: longshore secret set s3-key`);
    expect(rig.log.join('\n')).not.toContain(SECRETS.s3);
    await rig.cliWithInput(`AKIDSECRET:${SECRETS.s3}`, 'secret', 'set', 's3-key');
    expect((await rig.cli('doctor')).out).not.toContain('s3-key');
  });

  it('a secret that is missing is a failure that names it; set and retried, it works', async () => {
    rig.configure({
      providers: { crm: { baseUrl: api.url, auth: { type: 'bearer', token: { secret: 'crm-token' } } } },
    });
    await rig.start();
    const { id } = (await rig.json('call', 'POST', 'crm:/good')) as { id: string };
    await rig.untilQuiet();
    const { error } = await rig.show(id);
    expect(error?.code).toBe('config.secret-missing');
    expect(error?.detail).toContain('crm-token');
    await rig.cliWithInput(SECRETS.stored, 'secret', 'set', 'crm-token');
    await rig.json('retry', id);
    await rig.untilQuiet();
    expect((await rig.show(id)).state).toBe('succeeded');
    expect(authorizations).toEqual([`Bearer ${SECRETS.stored}`]);
  });
});
