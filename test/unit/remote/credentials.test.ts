import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CredentialSource } from '../../../src/remote/s3/credentials.ts';

let dir: string;
let before: Record<string, string | undefined>;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'longshore-aws-'));
  before = {
    AWS_SHARED_CREDENTIALS_FILE: process.env['AWS_SHARED_CREDENTIALS_FILE'],
    AWS_CONFIG_FILE: process.env['AWS_CONFIG_FILE'],
  };
  process.env['AWS_SHARED_CREDENTIALS_FILE'] = path.join(dir, 'credentials');
  process.env['AWS_CONFIG_FILE'] = path.join(dir, 'config');
});
afterEach(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await rm(dir, { recursive: true, force: true });
});

const write = (id: string) =>
  writeFile(path.join(dir, 'credentials'), `[work]\naws_access_key_id = ${id}\naws_secret_access_key = s\n`);
/** A profile whose keys come from a program, with an expiry. */
const writeProcess = async (expiresAt: number) => {
  const said = { Version: 1, AccessKeyId: `ID${expiresAt}`, SecretAccessKey: 's', SessionToken: 't' };
  const text = JSON.stringify({ ...said, Expiration: new Date(expiresAt).toISOString() });
  await writeFile(path.join(dir, 'said.json'), text);
  await writeFile(
    path.join(dir, 'config'),
    `[profile work]\ncredential_process = cat ${path.join(dir, 'said.json')}\n`,
  );
};

function source(now = { ms: Date.now() }) {
  return new CredentialSource({ kind: 'profile', profile: 'work' }, { now: () => now.ms });
}

describe('the keys of a profile', () => {
  it('are kept for a while, and read again after it', async () => {
    const now = { ms: Date.now() };
    const keys = source(now);
    await write('FIRST');
    expect((await keys.keys()).accessKeyId).toBe('FIRST');
    await write('SECOND');
    expect((await keys.keys()).accessKeyId).toBe('FIRST');
    now.ms += 61_000;
    expect((await keys.keys()).accessKeyId).toBe('SECOND');
  });

  it('are had anew some minutes before they end', async () => {
    const now = { ms: Date.now() };
    const keys = source(now);
    const end = Math.floor(now.ms / 1000) * 1000 + 3_600_000;
    await writeProcess(end);
    expect(await keys.keys()).toMatchObject({ accessKeyId: `ID${end}`, sessionToken: 't' });
    await writeProcess(end + 3_600_000);
    now.ms = end - 6 * 60_000;
    expect((await keys.keys()).accessKeyId).toBe(`ID${end}`);
    now.ms = end - 4 * 60_000;
    expect((await keys.keys()).accessKeyId).toBe(`ID${end + 3_600_000}`);
  });

  it('are had anew when the service refused them, and it is told whether they are others', async () => {
    const keys = source();
    await write('FIRST');
    await keys.keys();
    expect(await keys.refreshAfter(keys.generation)).toBe(false);
    const { generation } = keys;
    await write('SECOND');
    expect(await keys.refreshAfter(generation)).toBe(true);
    expect((await keys.keys()).accessKeyId).toBe('SECOND');
    // Another request that was refused with the first keys: they have been replaced already.
    expect(await keys.refreshAfter(generation)).toBe(true);
  });

  it('are looked up once for many requests at once', async () => {
    const keys = source();
    await write('FIRST');
    const all = await Promise.all(Array.from({ length: 20 }, () => keys.keys()));
    expect(new Set(all).size).toBe(1);
  });

  it('go to the SDK with an end that makes it ask each time', async () => {
    const now = { ms: 1_700_000_000_000 };
    const keys = source(now);
    await write('FIRST');
    expect(await keys.forSdk()).toMatchObject({ accessKeyId: 'FIRST', expiration: new Date(now.ms) });
  });
});

describe('a secret', () => {
  it('is looked up at each use', async () => {
    let asked = 0;
    const resolve = () => Promise.resolve({ accessKeyId: `ID${++asked}`, secretAccessKey: 's', sessionToken: null });
    const keys = new CredentialSource({ kind: 'secret', resolve }, { now: Date.now });
    await keys.keys();
    expect((await keys.keys()).accessKeyId).toBe('ID2');
    expect(await keys.refreshAfter(0)).toBe(false);
  });
});

describe('P11: keys that are not on this computer', () => {
  it('a profile that is nowhere is named, with the files that were looked through', async () => {
    await expect(source().keys()).rejects.toMatchObject({
      code: 'config.credentials-missing',
      context: {
        detail: `there is no profile "work" in ${path.join(dir, 'credentials')} (no such file) or ${path.join(dir, 'config')} (no such file)`,
        sent: false,
      },
    });
  });

  it('a profile without keys is told in the SDK’s words', async () => {
    await writeFile(path.join(dir, 'credentials'), '[work]\nregion = x\n');
    await expect(source().keys()).rejects.toMatchObject({ name: 'CredentialsProviderError' });
  });

  it('variables that are not set are named', async () => {
    const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
    const kept = names.map((name) => process.env[name]);
    try {
      process.env['AWS_ACCESS_KEY_ID'] = 'AKID';
      delete process.env['AWS_SECRET_ACCESS_KEY'];
      const keys = new CredentialSource({ kind: 'env' }, { now: () => 0 });
      await expect(keys.keys()).rejects.toMatchObject({
        code: 'config.credentials-missing',
        context: { detail: 'not set in the environment: AWS_SECRET_ACCESS_KEY' },
      });
    } finally {
      for (const [index, name] of names.entries()) {
        if (kept[index] === undefined) delete process.env[name];
        else process.env[name] = kept[index];
      }
    }
  });
});
