import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

import { loadConfigFile, parseConfig } from '../../../src/config/load-config.ts';
import {
  CONTEXT,
  containing,
  DESTINATION,
  good,
  load,
  problem,
  problems,
  withDestination,
  withFolder,
  withProvider,
} from './load.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');

const pathOf = (written: string) => good(withFolder('').replace('/srv/drop', written)).folders[0]!.path;
const credentialsOf = (text: string) =>
  good(withDestination('').replace('{ env: true }', text)).destinations['main']!.credentials;
const authOf = (text: string) =>
  good(withProvider(`baseUrl: https://x.example/\nauth: ${text}`)).providers['api']!.auth;
const fileMessage = (file: string) => {
  const result = loadConfigFile(file, CONTEXT);
  return result.ok ? null : result.problems[0]!.message;
};
const credentialsProblem = (text: string) => problem(withDestination('').replace('{ env: true }', text));
const authProblem = (text: string) => problem(withProvider(`baseUrl: https://x.example\nauth: ${text}`));

describe('a valid configuration', () => {
  it('loads the minimal example with every default applied', () => {
    const result = loadConfigFile(join(EXAMPLES, 'minimal.yaml'), CONTEXT);
    expect(result).toMatchObject({
      ok: true,
      config: {
        device: 'laptop',
        folders: [
          {
            name: 'Drop',
            path: '/home/me/Drop',
            destination: 'main',
            prefix: '',
            mode: 'drop',
            conflict: 'manual',
            ignore: [],
            priority: 'normal',
            afterUpload: 'keep',
            archivePath: null,
            deletes: { graceMs: 60_000, askAboveFiles: 50, askAboveShare: 0.2 },
            maxFileSizeBytes: null,
            minFileSizeBytes: 0,
            stabilityMs: 500,
            scanIntervalMs: null,
            paused: false,
            frozen: null,
          },
        ],
        destinations: {
          main: {
            name: 'main',
            endpoint: 'https://s3.eu-central-1.amazonaws.com',
            forcePathStyle: false,
            credentials: { kind: 'env' },
            partSizeBytes: 8_388_608,
            retry: { maxAttempts: 10, initialDelayMs: 1000, maxDelayMs: 300_000, multiplier: 2, jitter: 'full' },
            limits: { concurrency: 'auto', partConcurrency: 'auto', uploadKiBps: 0 },
            proxy: { kind: 'system' },
            stallTimeoutMs: 30_000,
          },
        },
        providers: {},
        flows: {},
        subscriptions: [],
        limits: {
          uploadKiBps: 0,
          schedule: [],
          concurrency: 'auto',
          workingHours: [],
          minFreeDiskBytes: 200 * 2 ** 20,
        },
        network: { proxy: { kind: 'system' }, pauseOnBattery: false, pauseOnMetered: false },
        history: { keepDays: 90 },
      },
    });
  });

  it('loads the full example, every setting of which is read', () => {
    const env = { S3_KEY: 'key', S3_SECRET: 'secret', DESK_KEY: 'desk' };
    const result = loadConfigFile(join(EXAMPLES, 'full.yaml'), { ...CONTEXT, env });
    expect(result).toMatchObject({
      ok: true,
      config: {
        folders: [
          { name: 'drop', prefix: 'drop/', maxFileSizeBytes: 50 * 2 ** 30, scanIntervalMs: 600_000 },
          {
            name: 'scans',
            path: join(EXAMPLES, 'scans'),
            priority: 'high',
            afterUpload: 'archive',
            archivePath: join(EXAMPLES, 'scanned'),
          },
          { name: 'notes', mode: 'mirror', conflict: 'keep-both', deletes: { graceMs: 300_000, askAboveShare: 0.2 } },
        ],
        destinations: {
          main: {
            credentials: { kind: 'literal', accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: null },
            limits: { concurrency: 'auto', partConcurrency: 4, uploadKiBps: 0 },
            proxy: { kind: 'none' },
            stallTimeoutMs: 30_000,
          },
          archive: {
            endpoint: 'https://s3.eu-central-1.amazonaws.com',
            credentials: { kind: 'profile', profile: 'archive' },
            limits: { uploadKiBps: 1024 },
            proxy: { kind: 'system' },
          },
        },
        providers: {
          crm: {
            auth: { type: 'bearer', token: { kind: 'secret', name: 'crm-token' } },
            headers: {
              Accept: { kind: 'literal', value: 'application/json' },
              'X-Tenant': { kind: 'env', name: 'CRM_TENANT' },
            },
            timeoutMs: 30_000,
            idempotency: { mode: 'key', windowMs: 86_400_000 },
          },
          desk: {
            baseUrl: 'https://desk.example.com/api',
            auth: { type: 'apiKey', header: 'X-Api-Key', value: { kind: 'literal', value: 'desk' } },
          },
        },
        limits: {
          uploadKiBps: 0,
          schedule: [{ days: [1, 2, 3, 4, 5], fromMinute: 540, toMinute: 1080, uploadKiBps: 512 }],
          concurrency: 'auto',
          workingHours: [{ days: [0, 1, 2, 3, 4, 5, 6], fromMinute: 0, toMinute: 1440 }],
          minFreeDiskBytes: 200 * 2 ** 20,
        },
      },
    });
  });

  it('reads the configuration shown in the contract, in YAML and as JSON with tabs', () => {
    const json = `{
\t"folders": [{ "name": "drop", "path": "/home/me/Drop", "destination": "main", "prefix": "drop/", "ignore": ["*.bak"] }],
\t"destinations": {
\t\t"main": {
\t\t\t"type": "s3", "endpoint": "http://127.0.0.1:9000", "region": "us-east-1", "bucket": "demo", "forcePathStyle": true,
\t\t\t"credentials": { "accessKeyId": "a", "secretAccessKey": "b" }
\t\t}
\t},
\t"providers": {}, "flows": {}, "subscriptions": [], "limits": { "uploadKiBps": 0, "concurrency": "auto" }
}`;
    expect(good(json).folders[0]).toMatchObject({ name: 'drop', prefix: 'drop/', ignore: ['*.bak'] });
  });

  it('takes sections that are left empty as empty', () => {
    expect(good('folders:\ndestinations:\nproviders:\nflows:\nsubscriptions:\nlimits:\n')).toMatchObject({
      folders: [],
      destinations: {},
    });
  });

  it('resolves relative paths against the file’s directory and ~/ against the home directory', () => {
    expect(pathOf('in')).toBe('/etc/ls/in');
    expect(pathOf('../up/./x/')).toBe('/etc/up/x');
    expect(pathOf('~/Drop box')).toBe('/home/me/Drop box');
    expect(pathOf('./~tilde')).toBe('/etc/ls/~tilde');
  });

  it('reads Windows paths by the rules of Windows', () => {
    const context = {
      ...CONTEXT,
      platform: 'win32',
      homeDir: 'C:\\Users\\me',
      dataDir: 'C:\\Users\\me\\AppData\\Local\\Longshore',
    } as const;
    const path = (written: string) => {
      const result = parseConfig(withFolder('').replace('/srv/drop', `'${written}'`), 'C:\\conf\\config.yaml', context);
      return result.ok ? result.config.folders[0]!.path : result.problems[0]!.message;
    };
    expect(path('in')).toBe('C:\\conf\\in');
    expect(path('~/Drop')).toBe('C:\\Users\\me\\Drop');
    expect(path('D:\\x')).toBe('D:\\x');
    expect(path('c:\\users\\ME')).toContain('contains Longshore’s own data directory');
  });

  it('takes the settings of the whole engine', () => {
    const { limits, network, history } = good(`
limits:
  uploadKiBps: 2048
  minFreeDisk: 1GiB
  schedule:
    - { days: [mon, fri-sun], from: '22:30', to: '6:00', uploadKiBps: 0 }
    - { uploadKiBps: 64 }
  workingHours: [{ days: sat-mon, from: 18:00 }]
network: { proxy: http://proxy.example.com, pauseOnBattery: true, pauseOnMetered: true }
history: { keepDays: 7 }
`);
    expect(limits).toMatchObject({
      uploadKiBps: 2048,
      minFreeDiskBytes: 2 ** 30,
      schedule: [
        { days: [0, 1, 5, 6], fromMinute: 1350, toMinute: 360, uploadKiBps: 0 },
        { days: [0, 1, 2, 3, 4, 5, 6], fromMinute: 0, toMinute: 1440, uploadKiBps: 64 },
      ],
      workingHours: [{ days: [0, 1, 6], fromMinute: 1080, toMinute: 1440 }],
    });
    expect(network).toEqual({
      proxy: { kind: 'url', url: 'http://proxy.example.com/' },
      pauseOnBattery: true,
      pauseOnMetered: true,
    });
    expect(history).toEqual({ keepDays: 7 });
  });

  it('takes the proxy of a destination before that of the engine', () => {
    const text = `network: { proxy: environment }\ndestinations:\n  own:${DESTINATION}\n    proxy: none\n    stallTimeout: 5s\n  main:${DESTINATION}\n`;
    expect(good(text).destinations).toMatchObject({
      own: { proxy: { kind: 'none' }, stallTimeoutMs: 5000 },
      main: { proxy: { kind: 'environment' } },
    });
  });

  it('adds the "/" that a prefix lacks, and puts it in NFC', () => {
    expect(good(withFolder('prefix: a/b')).folders[0]!.prefix).toBe('a/b/');
    expect(good(withFolder('prefix: "e\\u0301"')).folders[0]!.prefix).toBe('\u00E9/');
    expect(good(withFolder('prefix: ""')).folders[0]!.prefix).toBe('');
  });

  it('takes the four kinds of credentials', () => {
    expect(credentialsOf('{ secret: s3 }')).toEqual({ kind: 'secret', name: 's3' });
    expect(credentialsOf('{ profile: work }')).toEqual({ kind: 'profile', profile: 'work' });
    expect(credentialsOf('{ env: true }')).toEqual({ kind: 'env' });
    expect(credentialsOf('{ accessKeyId: a, secretAccessKey: b, sessionToken: c }')).toEqual({
      kind: 'literal',
      accessKeyId: 'a',
      secretAccessKey: 'b',
      sessionToken: 'c',
    });
  });

  it('takes every kind of authorisation that is built', () => {
    expect(authOf('none')).toEqual({ type: 'none' });
    expect(authOf('{ type: none }')).toEqual({ type: 'none' });
    expect(authOf('{ type: bearer, token: { env: T } }')).toEqual({
      type: 'bearer',
      token: { kind: 'env', name: 'T' },
    });
    expect(authOf('{ type: basic, username: u, password: { secret: p } }')).toEqual({
      type: 'basic',
      username: { kind: 'literal', value: 'u' },
      password: { kind: 'secret', name: 'p' },
    });
    expect(authOf('{ type: apiKey, value: { secret: k } }')).toMatchObject({ type: 'apiKey', header: 'X-Api-Key' });
  });

  it('follows aliases, and reports trouble in them where the alias stands', () => {
    const text = `destinations:
  a: &s3
    type: s3
    region: eu-central-1
    bucket: one
    credentials: { env: true }
  b: *s3
`;
    expect(Object.keys(good(text).destinations)).toEqual(['a', 'b']);
    expect(problems(text.replace('bucket: one', 'bucket: o/e')).map(({ line, key }) => [line, key])).toEqual([
      [5, 'destinations.a.bucket'],
      [7, 'destinations.b.bucket'],
    ]);
  });

  it('replaces what can’t stand in a device name of its own making', () => {
    expect(good('{}', { hostName: 'a/b' }).device).toBe('a-b');
    expect(good('{}', { hostName: '' }).device).toBe('this-computer');
  });
});

describe('a file that can’t be read as a configuration', () => {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-config-'));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('says so as a problem: missing, a directory, not text', () => {
    expect(fileMessage(join(directory, 'none.yaml'))).toBe('There is no such file.');
    expect(fileMessage(EXAMPLES)).toBe('This is a directory, not a file.');
    const binary = join(mkdtempSync(join(tmpdir(), 'longshore-config-')), 'config.yaml');
    writeFileSync(binary, Buffer.from([0x61, 0xff, 0xfe]));
    expect(fileMessage(binary)).toBe('The file is not valid UTF-8 text.');
    writeFileSync(binary, 'x'.repeat(1_048_577));
    expect(fileMessage(binary)).toBe('The file is larger than 1 MiB.');
    rmSync(join(binary, '..'), { recursive: true });
  });

  it('gives the digest of what was read, so that a watcher knows what is news', () => {
    const file = join(EXAMPLES, 'minimal.yaml');
    expect(loadConfigFile(file, CONTEXT).source.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(loadConfigFile(join(directory, 'none'), CONTEXT).source.digest).toBeNull();
  });

  it('refuses an empty file: an editor may have truncated it for a moment', () => {
    expect(problem('').message).toBe('The file is empty.');
    expect(problem('# only a comment\n').message).toBe('The file is empty.');
    expect(problem('- a\n').message).toBe('The file must hold a mapping of keys to values.');
  });

  it('reports broken YAML by line and column, in words that quote nothing', () => {
    expect(problem('folders:\n\t- path: x\n')).toMatchObject({
      line: 2,
      column: 1,
      message: 'Tabs can’t be used for indentation.',
    });
    expect(problem('device: "a\\q"\n')).toMatchObject({ line: 1, column: 11 });
    expect(problem('device: a: b\n')).toMatchObject({
      line: 1,
      column: 9,
      message: 'There is a second ": " on this line.',
    });
    expect(problem('device: a\n---\ndevice: b\n').message).toBe('The file holds more than one YAML document.');
    expect(problem('device: !secret x\n').message).toBe('This tag is not supported.');
  });

  it('bounds aliases that contain themselves or multiply', () => {
    expect(problem('folders: &a [*a]\n').message).toContain('contains itself');
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 8; i++)
      bomb.push(
        `${'abcdefgh'[i]}: &${'abcdefgh'[i]} [${Array(10)
          .fill(`*${'abcdefgh'[i - 1]}`)
          .join(',')}]`,
      );
    expect(
      problems(bomb.join('\n')).some(({ message }) => message === 'The configuration is too large or too deep.'),
    ).toBe(true);
  });

  it('refuses __proto__ as a name', () => {
    expect(problem('destinations:\n  __proto__: {}\n')).toMatchObject({ line: 2, column: 3 });
    expect(good('{}').destinations).toEqual({});
  });
});

describe('environment variables', () => {
  const env = { BUCKET: 'from-env', SECRET: 's: {x', EMPTY: '', RAW: '${BUCKET}' };

  it('are put into strings: quoted, plain, inside braces, several at once', () => {
    const config = good(
      `destinations:\n  main: { type: s3, region: eu-central-1, bucket: \${BUCKET}, prefix: "a/\${BUCKET}-\${BUCKET}", credentials: { accessKeyId: \${BUCKET}, secretAccessKey: \${SECRET} } }\n`,
      { env },
    );
    expect(config.destinations['main']).toMatchObject({
      bucket: 'from-env',
      prefix: 'a/from-env-from-env/',
      credentials: { accessKeyId: 'from-env', secretAccessKey: 's: {x' },
    });
  });

  it('are never parsed again: neither as YAML nor for further variables', () => {
    expect(good(withFolder('ignore: ["${RAW}"]'), { env }).folders[0]!.ignore).toEqual(['${BUCKET}']);
    const found = problem('limits: { concurrency: "${N}" }', { env: { N: '4' } });
    expect(found.hint).toBe('Write auto, or a whole number from 1 to 256.');
    expect(problem(withFolder('paused: ${P}'), { env: { P: 'true' } }).hint).toContain('always gives text');
  });

  it('can be escaped', () => {
    expect(good(withFolder("ignore: ['$${BUCKET}', '$BUCKET', $${X}]"), { env }).folders[0]!.ignore).toEqual([
      '${BUCKET}',
      '$BUCKET',
      '${X}',
    ]);
  });

  it('that are not set are named, with their place, and give no further complaint', () => {
    expect(problem(withDestination('prefix: ${NOPE}'), { env })).toMatchObject({
      line: 7,
      column: 13,
      key: 'destinations.main.prefix',
      message: 'The environment variable NOPE is not set.',
    });
    expect(problem(withFolder('').replace('destination: main', 'destination: ${NOPE}')).message).toContain('NOPE');
    expect(problem(withFolder('name: ${constructor}')).message).toContain('constructor is not set');
  });

  it('that are badly written are refused', () => {
    expect(problem(withFolder("name: '${NO'")).message).toBe('A ${ has no closing }.');
    expect(problem(withFolder("name: '${a b}'")).message).toContain('not the name of an environment variable');
  });

  it('give the same checks as text written out', () => {
    expect(problem(withFolder("name: '${EMPTY}'"), { env }).key).toBe('folders[0].name');
  });
});

describe('where and how problems are told', () => {
  it('reports all of them at once, sorted by line, each with line, column, key, message and hint', () => {
    const text = `device: 5
folders:
  - nmae: a
    path: /srv/a
    destination: mian
    mode: miror
  - path: /srv/b
    destination: main
    priority: hgih
    stability: 5
destinations:
  main:
    type: s3
    bucket: demo
    endpoint: http://minio:9000
    credentials: { env: true }
    partSizeMiB: 4
`;
    expect(
      problems(text).map(({ line, column, key, message, hint }) => [line, column, key, message, hint.split('? ')[0]]),
    ).toEqual([
      [1, 9, 'device', '"device" must be text, not a whole number.', ''],
      [3, 5, 'folders[0].nmae', '"nmae" is not a known key here.', 'Did you mean "name"'],
      [5, 18, 'folders[0].destination', 'There is no destination "mian".', 'Did you mean "main"'],
      [6, 11, 'folders[0].mode', '"mode" can’t be "miror".', 'Did you mean "mirror"'],
      [9, 15, 'folders[1].priority', '"priority" can’t be "hgih".', 'Did you mean "high"'],
      [
        10,
        16,
        'folders[1].stability',
        '"stability" must be text, not a whole number.',
        'Write a duration such as 500ms, 30s, 30m, 2h or 1d.',
      ],
      [
        15,
        15,
        'destinations.main.endpoint',
        'Plain http to another machine shows credentials and content to everyone on the way.',
        containing('https'),
      ],
      [17, 18, 'destinations.main.partSizeMiB', '"partSizeMiB" is too small.', 'It must be at least 5.'],
    ]);
  });

  it('points at the holder of what is missing, and says what belongs there', () => {
    expect(
      problems('folders:\n  - name: a\n').map(({ line, column, key, message }) => [line, column, key, message]),
    ).toEqual([
      [2, 5, 'folders[0].destination', '"destination" is missing.'],
      [2, 5, 'folders[0].path', '"path" is missing.'],
    ]);
    const found = problems('destinations:\n  main:\n    region: eu-central-1\n');
    expect(found.map(({ line, column, key }) => [line, column, key])).toEqual([
      [2, 3, 'destinations.main.bucket'],
      [2, 3, 'destinations.main.credentials'],
      [2, 3, 'destinations.main.type'],
    ]);
    expect(found[2]!.hint).toBe('It can be s3.');
    expect(found[1]!.hint).toContain('{ env: true }');
  });

  it('points at the key of a value that is left out', () => {
    expect(problem(withFolder('name:'))).toMatchObject({ line: 4, column: 5, message: '"name" has no value.' });
  });

  it('says "did you mean" once: a mistyped key is not also missing', () => {
    expect(problem(withFolder('').replace('destination: main', 'destinaton: main'))).toMatchObject({
      key: 'folders[0].destinaton',
    });
    expect(problem(withDestination('').replace('forcePath', 'x').replace('bucket', 'Bucket')).hint).toContain(
      'Did you mean "bucket"',
    );
    expect(problem(withDestination('force_path_style: true')).hint).toContain('Did you mean "forcePathStyle"');
  });

  it('counts columns after wide characters and a byte order mark as editors do', () => {
    expect(problem('\uFEFFdevice: 5')).toMatchObject({ line: 1, column: 9 });
    expect(problem('"ключ": 5')).toMatchObject({ line: 1, column: 1, key: '["ключ"]' });
    expect(problem('# ü\r\n{ device: 5 }')).toMatchObject({ line: 2, column: 11 });
  });

  it('finds keys that are there twice, at any depth', () => {
    expect(problem(withFolder('name: a\nname: b'))).toMatchObject({
      line: 5,
      column: 5,
      key: 'folders[0].name',
      message: '"name" is here twice (first on line 4).',
    });
    expect(problem(`destinations:\n  main:${DESTINATION}\n  main:${DESTINATION}\n`)).toMatchObject({
      line: 7,
      column: 3,
    });
    expect(problem('{"device": "a", "device": "b"}')).toMatchObject({ line: 1, column: 17 });
  });

  it('chooses the kind of credentials that was meant', () => {
    expect(credentialsProblem('{ accessKeyId: a }')).toMatchObject({
      key: 'destinations.main.credentials.secretAccessKey',
      message: '"secretAccessKey" is missing.',
    });
    expect(credentialsProblem('{ accessKeyId: a, secretAccesKey: b }').hint).toContain(
      'Did you mean "secretAccessKey"',
    );
    expect(credentialsProblem('{ env: false }')).toMatchObject({
      key: 'destinations.main.credentials.env',
      hint: 'It must be true.',
    });
    expect(credentialsProblem('{ env: true, profile: x }').message).toBe(
      '"profile" can’t stand together with the other keys here.',
    );
    expect(credentialsProblem('{}').hint).toContain('{ profile: NAME }');
    expect(credentialsProblem('none').hint).toContain('{ profile: NAME }');
  });

  it('checks entries of authorisation by their type', () => {
    expect(authProblem('{ type: baerer, token: x }')).toMatchObject({
      key: 'providers.api.auth.type',
      hint: containing('Did you mean "bearer"'),
    });
    expect(authProblem('{ type: bearer, tokn: x }').hint).toContain('Did you mean "token"');
    expect(authProblem('{ token: x }')).toMatchObject({
      message: '"type" is missing.',
      hint: 'It can be none, bearer, basic, apiKey.',
    });
    expect(authProblem('bearer').hint).toContain('{ type: bearer');
    expect(authProblem('{ type: basic, username: u }').message).toBe('"password" is missing.');
  });
});

it('gives the same result for the same text', () => {
  const text = readFileSync(join(EXAMPLES, 'minimal.yaml'), 'utf8');
  expect(JSON.stringify(load(text))).toBe(JSON.stringify(load(text)));
});
