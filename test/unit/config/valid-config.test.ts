import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { loadConfigFile, parseConfig } from '../../../src/config/load-config.ts';
import { CONTEXT, DESTINATION, good, problems, withDestination, withFolder, withProvider } from './load.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');
const pathOf = (written: string) => good(withFolder('').replace('/srv/drop', written)).folders[0]!.path;
const credentialsOf = (text: string) =>
  good(withDestination('').replace('{ env: true }', text)).destinations['main']!.credentials;
const authOf = (text: string) =>
  good(withProvider(`baseUrl: https://x.example/\nauth: ${text}`)).providers['api']!.auth;

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
