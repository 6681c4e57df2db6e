import { describe, expect, it } from 'vitest';

import {
  containing,
  DESTINATION,
  good,
  problem,
  problems,
  withDestination,
  withFolder,
  withProvider,
  withApi,
} from './load.ts';

const endpoint = (address: string, more = '') => withDestination(more).replace('http://127.0.0.1:9000', address);

const folders = (...entries: readonly string[]) =>
  `folders:\n${entries.map((entry) => `  - { ${entry} }\n`).join('')}destinations:\n  main:${DESTINATION}\n  other:${DESTINATION}\n`;

describe('what is not built yet is refused by name, with what to use instead', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['on', withFolder('on: { uploaded: my-flow }'), 'folders[0].on'],
    ...['keep-both', 'local-wins', 'remote-wins', 'newest-wins'].map(
      (strategy) =>
        [`provider conflict ${strategy}`, withApi(`conflict: ${strategy}`), 'providers.api.conflict'] as const,
    ),
    ['provider conflict merge', withApi('conflict: merge'), 'providers.api.conflict'],
    ['flows', 'flows: { a: { steps: [] } }', 'flows'],
    ['flow files', 'flows: flows/*.yaml', 'flows'],
    ['subscriptions', 'subscriptions: [{ url: https://x.example }]', 'subscriptions'],
    ['two endpoints', withProvider('endpoints: [https://a.example, https://b.example]'), 'providers.api.endpoints[1]'],
    [
      'endpoint weight',
      withProvider('endpoints: [{ url: https://a.example, weight: 2 }]'),
      'providers.api.endpoints[0].weight',
    ],
    [
      'endpoint priority',
      withProvider('endpoints: [{ url: https://a.example, priority: 1 }]'),
      'providers.api.endpoints[0].priority',
    ],
    ['hmac', withApi('auth: { type: hmac, key: { secret: k } }'), 'providers.api.auth.type'],
    ['oauth2', withApi('auth: { type: oauth2, tokenUrl: https://x.example, clientId: c }'), 'providers.api.auth.type'],
    ...[
      'rateLimit',
      'cache',
      'batch',
      'batching',
      'health',
      'healthCheck',
      'healthChecks',
      'circuitBreaker',
      'failover',
      'fallback',
      'pool',
      'pull',
    ].map((key) => [key, withApi(`${key}: { a: 1 }`), `providers.api.${key}`] as const),
  ];

  it.each(cases)('%s', (_name, text, key) => {
    const found = problem(text);
    expect(found.key).toBe(key);
    expect(found.message).toMatch(/ is not available yet\.$/);
    expect(found.hint).not.toBe('');
  });

  it('names the value refused', () => {
    expect(problem(withApi('conflict: merge'))).toMatchObject({
      line: 4,
      column: 15,
      message: 'conflict: merge is not available yet.',
      hint: containing('conflict: manual'),
    });
    expect(problem(withApi('auth: { type: oauth2 }')).message).toBe('auth type oauth2 is not available yet.');
  });

  it('accepts the empty forms that the contract shows', () => {
    expect(good('flows: {}\nsubscriptions: []\nlimits: { uploadKiBps: 0 }').flows).toEqual({});
    expect(good(withFolder('on: {}')).folders).toHaveLength(1);
  });
});

describe('values out of range or form', () => {
  it.each([
    ['prefix: /a', 'starts with "/"'],
    ['prefix: a/../b', '"." or ".."'],
    ['prefix: ..', '"." or ".."'],
    ['prefix: a//b', '"//"'],
    ['prefix: a\\b', 'backslash'],
    ['prefix: "a\\tb"', 'control character'],
    [`prefix: ${'x'.repeat(513)}`, 'longer than 512 bytes'],
    ['name: a/b', 'can’t be "a/b"'],
    ['stability: 500', 'must be text'],
    ['stability: 500 ms', 'can’t be "500 ms"'],
    ['stability: 2h', 'out of range'],
    ['scanInterval: 1s', 'out of range'],
    ['maxFileSize: 10 potatoes', 'can’t be "10 potatoes"'],
    ['maxFileSize: -1', 'too small'],
    ['maxFileSize: 99999999TiB', 'out of range'],
    ['{ minFileSize: 2KiB, maxFileSize: 1KiB }', 'larger than "maxFileSize"'],
    ['paused: yes', 'must be true or false'],
    ['mode: sync', '"mode" can’t be "sync"'],
    ['conflict: merge', '"conflict" can’t be "merge"'],
    ['afterUpload: delete', '"afterUpload" can’t be "delete"'],
    ['afterUpload: archive', '"archivePath" is missing'],
    ['archivePath: /srv/done', '"archivePath" is only for "afterUpload: archive"'],
    ['{ afterUpload: trash, archivePath: /srv/done }', '"archivePath" is only for "afterUpload: archive"'],
    ['{ afterUpload: archive, archivePath: ~bob/x }', 'Only your own home directory'],
    ['{ mode: mirror, afterUpload: trash }', '"afterUpload: trash" can’t stand together with "mode: mirror"'],
    ['deletes: { grace: 5m }', '"deletes" is only for "mode: mirror"'],
    ['{ mode: drop, deletes: {} }', '"deletes" is only for "mode: mirror"'],
    ['{ mode: mirror, deletes: { grace: 8d } }', 'out of range'],
    ['{ mode: mirror, deletes: { askAboveShare: 20 } }', '"askAboveShare" must be text'],
    ['{ mode: mirror, deletes: { askAboveShare: 101% } }', '"askAboveShare" can’t be "101%"'],
    ['{ mode: mirror, deletes: { askAboveFiles: -1 } }', 'too small'],
    ['ignore: "*.bak"', 'must be a list'],
    ['ignore: [""]', 'is empty'],
    ['ignore: [5]', 'Entry 1 of "ignore" must be text'],
  ])('of a folder: %s', (line, message) => {
    const lines = line.startsWith('{') ? line.slice(2, -2).split(', ').join('\n') : line;
    expect(problem(withFolder(lines)).message).toContain(message);
  });

  it.each([
    ['partSizeMiB: 5121', 'too large'],
    ['partSizeMiB: 5.5', 'must be a whole number'],
    ['limits: { concurrency: 0 }', 'too small'],
    ['limits: { concurrency: 65 }', 'too large'],
    ['limits: { concurrency: lots }', 'can’t be "lots"'],
    ['retry: { maxAttempts: 0 }', 'too small'],
    ['retry: { multiplier: 0.5 }', 'too small'],
    ['retry: { jitter: some }', 'can’t be "some"'],
    ['retry: { initialDelay: 10m }', '"initialDelay" is longer than "maxDelay" (300s)'],
    ['retry: { maxDelay: 10ms }', '"initialDelay" is longer than "maxDelay" (0.01s)'],
    ['limits: { uploadKiBps: 8 }', '16 KiB/s is the least'],
    ['limits: { uploadKiBps: -1 }', 'too small'],
    ['stallTimeout: 10ms', 'out of range'],
    ['proxy: sytem', 'This is not a usable proxy.'],
    ['proxy: socks5://127.0.0.1:1080', 'SOCKS proxies are not supported.'],
    ['proxy: proxy.example.com:3128', 'This is not a usable proxy.'],
    ['proxy: http://proxy.example.com:3128/path', 'ends after its port'],
    ['proxy: http://u:100%@proxy.example.com', 'user name or password is not written'],
    ['proxy: { url: http://x }', '"proxy" must be text'],
    ['region: "eu central"', 'can’t be "eu central"'],
    ['publicUrl: files.example.com/{key}', 'not a usable address template'],
    ['publicUrl: https://x.example/{name}', 'not a usable address template'],
  ])('of a destination: %s', (line, message) => {
    expect(problem(withDestination(line)).message).toContain(message);
  });

  it.each([
    ['limits: { uploadKiBps: 1.5 }', 'limits.uploadKiBps', 'whole number'],
    ['limits: { minFreeDisk: lots }', 'limits.minFreeDisk', 'can’t be "lots"'],
    ['limits: { workingHours: [{ days: mo-fr }] }', 'limits.workingHours[0].days', 'can’t be "mo-fr"'],
    ['limits: { workingHours: [{ days: [mon, funday] }] }', 'limits.workingHours[0].days', 'not what can stand here'],
    ['limits: { workingHours: [{ days: [] }] }', 'limits.workingHours[0].days', 'too few entries'],
    ['limits: { workingHours: [{ from: "24:00" }] }', 'limits.workingHours[0].from', 'can’t be "24:00"'],
    ['limits: { workingHours: [{ from: 900 }] }', 'limits.workingHours[0].from', 'must be text'],
    ['limits: { workingHours: [{ to: "24:01" }] }', 'limits.workingHours[0].to', 'can’t be "24:01"'],
    [
      'limits: { workingHours: [{ from: "9:00", to: "09:00" }] }',
      'limits.workingHours[0].to',
      '"from" and "to" are the same time.',
    ],
    ['limits: { schedule: [{ days: daily }] }', 'limits.schedule[0].uploadKiBps', '"uploadKiBps" is missing.'],
    ['limits: { schedule: [{ uploadKiBps: 15 }] }', 'limits.schedule[0].uploadKiBps', '16 KiB/s is the least'],
    ['limits: { schedule: [{ uploadKiBps: 16, til: "9:00" }] }', 'limits.schedule[0].til', 'not a known key here'],
    ['network: { pauseOnBattery: yes }', 'network.pauseOnBattery', 'must be true or false'],
    ['network: { proxy: direct }', 'network.proxy', 'This is not a usable proxy.'],
    ['history: { keepDays: 0 }', 'history.keepDays', 'too small'],
    ['history: { keepDays: 90d }', 'history.keepDays', 'must be a number, not text'],
  ])('of the engine: %s', (text, key, message) => {
    const found = problem(text);
    expect(found.key).toBe(key);
    expect(found.message).toContain(message);
  });

  it('says how days and times are written', () => {
    expect(problem('limits: { workingHours: [{ days: weekdays }] }').hint).toContain('a range such as mon-fri');
    expect(problem('limits: { workingHours: [{ to: noon }] }').hint).toContain('"24:00"');
  });

  it('of a provider: names, headers and what would be sent twice', () => {
    expect(problem(withApi('').replace('api:', 'https:')).hint).toContain('`longshore call` takes these');
    expect(problem(withApi('').replace('api:', '"a b":')).key).toBe('providers["a b"]');
    expect(problem(withApi('timeout: 0s')).message).toContain('out of range');
    expect(problem(withApi('headers: { X-A: a, x-a: b }')).message).toContain('twice');
    expect(problem(withApi('headers: { Idempotency-Key: a }')).message).toContain('"idempotency"');
    expect(problem(withApi('auth: { type: bearer, token: t }\nheaders: { authorization: a }')).message).toContain(
      '"auth"',
    );
    expect(problem(withApi('headers: { X-A: "a\\nb" }')).key).toBe('providers.api.headers.X-A');
    expect(problem(withApi('endpoints: [https://y.example]')).message).toContain('can’t stand together');
    expect(problem(withProvider('timeout: 30s')).message).toBe('"baseUrl" is missing.');
    expect(problem(withProvider('endpoints: []')).hint).toBe('Give one endpoint.');
  });
});

describe('addresses', () => {
  it.each(['http://minio:9000', 'http://192.168.1.5', 'http://127.0.0.1.example.com', 'http://localhost.example.com'])(
    'refuses plain http to another machine: %s',
    (address) => {
      expect(problem(endpoint(address))).toMatchObject({
        line: 4,
        column: 15,
        hint: containing('allowInsecureHttp'),
      });
      expect(good(endpoint(address, 'allowInsecureHttp: true')).destinations['main']!.endpoint).toBe(address);
      expect(problem(endpoint(address, 'allowInsecureHttp: false')).key).toBe('destinations.main.endpoint');
      expect(problem(withProvider(`baseUrl: ${address}`)).key).toBe('providers.api.baseUrl');
      expect(problem(withProvider(`endpoints: [${address}]`)).key).toBe('providers.api.endpoints[0]');
      expect(problem(withProvider(`endpoints: [{ url: ${address} }]`)).key).toBe('providers.api.endpoints[0].url');
      expect(good(withProvider(`baseUrl: ${address}\nallowInsecureHttp: true`)).providers['api']!.baseUrl).toBe(
        address,
      );
    },
  );

  it.each([
    'http://localhost:9000',
    'http://127.9.9.9',
    'http://[::1]:9000',
    'http://s3.localhost',
    'https://minio:9000',
  ])('takes %s', (address) => {
    expect(good(endpoint(address)).destinations['main']!.endpoint).toBe(address);
  });

  it.each(['minio:9000', 'ftp://x.example', 'https://', 'https://x.example?a=b', 'https://x.example/#', 'x'])(
    'refuses %s',
    (address) => {
      expect(problem(endpoint(`'${address}'`)).key).toBe('destinations.main.endpoint');
    },
  );

  it('keeps a path and drops a "/" at the end', () => {
    expect(good(endpoint('https://x.example/storage/s3/')).destinations['main']!.endpoint).toBe(
      'https://x.example/storage/s3',
    );
  });

  it('needs an endpoint or a region', () => {
    const text = withDestination('').replace(/^ *endpoint.*\n/m, '');
    expect(problem(text)).toMatchObject({ line: 2, column: 3, key: 'destinations.main.endpoint' });
    expect(
      good(text.replace('bucket: demo', 'bucket: demo\n    region: cn-north-1')).destinations['main']!,
    ).toMatchObject({
      endpoint: 'https://s3.cn-north-1.amazonaws.com.cn',
      forcePathStyle: false,
    });
  });
});

describe('folders beside each other', () => {
  it('refuses names used twice, given or taken from the directory', () => {
    expect(
      problem(folders('path: /a/x, destination: main, prefix: a', 'path: /b/x, destination: main, prefix: b')),
    ).toMatchObject({
      line: 3,
      column: 13,
      key: 'folders[1].path',
      message: 'The folder name "x" is used twice (first in folders[0]).',
    });
    const named = folders(
      'path: /a/x, destination: main, prefix: a',
      'name: x, path: /b/y, destination: main, prefix: b',
    );
    expect(problem(named)).toMatchObject({ line: 3, column: 13, key: 'folders[1].name' });
  });

  it('refuses a destination that is not there, and proposes one', () => {
    expect(problem(folders('path: /a, destination: mian')).hint).toBe(
      'Did you mean "main"? Destinations: main, other.',
    );
    expect(problem('folders: [{ path: /a, destination: x }]').hint).toBe('Add it under "destinations".');
    expect(problem(folders('path: /a, destination: constructor')).key).toBe('folders[0].destination');
  });

  it('refuses a folder that contains the data directory, not one inside it or beside it', () => {
    const dataDir = '/home/me/data';
    const message = 'This folder contains Longshore’s own data directory, whose changes would be uploaded without end.';
    for (const path of ['/home/me/data', '/home/me', '/', '~', '~/', '/home/me/data/x/..']) {
      expect(problem(folders(`path: '${path}', destination: main`), { dataDir })).toMatchObject({
        key: 'folders[0].path',
        message,
      });
    }
    for (const path of ['/home/me/data/Longshore', '/home/me/data2', '/home/me/dat', '/home/me/Drop']) {
      expect(good(folders(`path: ${path}, destination: main`), { dataDir }).folders).toHaveLength(1);
    }
    expect(problem(folders('path: /Home/Me, destination: main'), { dataDir, platform: 'darwin' }).message).toBe(
      message,
    );
    expect(good(folders('path: /Home/Me, destination: main'), { dataDir }).folders).toHaveLength(1);
    expect(good(folders('path: /, destination: main'), { dataDir: null }).folders).toHaveLength(1);
  });

  it('refuses an archive in, around or at a watched folder, and in the data directory', () => {
    const archive = (archivePath: string) =>
      folders(
        'path: /a/in, destination: main, prefix: in',
        `path: /b/out, destination: other, prefix: out, afterUpload: archive, archivePath: '${archivePath}'`,
      );
    const messages = (archivePath: string) => {
      const found = problem(archive(archivePath));
      expect(found).toMatchObject({ line: 3, key: 'folders[1].archivePath' });
      return found.message;
    };
    expect(messages('/b/out/done')).toContain('inside the directory that this folder watches');
    expect(messages('/b/out')).toContain('inside the directory that this folder watches');
    expect(messages('/a/in/x')).toContain('inside the directory that folders[0] watches');
    expect(messages('/b')).toBe('The archive contains the directory that this folder watches.');
    expect(messages('/')).toBe('The archive contains the directory that folders[0] watches.');
    expect(messages('~/.local/share/longshore/archive')).toContain('inside Longshore’s own data directory');
    expect(good(archive('/b/done')).folders[1]).toMatchObject({ afterUpload: 'archive', archivePath: '/b/done' });
    expect(good(archive('../x')).folders[1]!.archivePath).toBe('/etc/x');
  });

  it('P2: refuses to take files away from another folder that watches them', () => {
    const shared = (path: string, action: string) =>
      folders(
        `path: '${path}', destination: main, prefix: in, afterUpload: ${action}`,
        'name: other, path: /b/out, destination: other, prefix: out, mode: mirror',
      );
    const messages = (path: string, action = 'trash') => {
      const found = problem(shared(path, action));
      expect(found).toMatchObject({ line: 2, key: 'folders[0].afterUpload' });
      expect(found.hint).toContain('"afterUpload: keep"');
      return found.message;
    };
    expect(messages('/b/out')).toBe(
      '"afterUpload: trash" would take files away from folders[1]: this directory is the one that it watches.',
    );
    expect(messages('/b/x/../out/')).toContain('this directory is the one');
    expect(messages('/b/out/in/it')).toContain('this directory lies inside the one');
    expect(messages('/b')).toContain('this directory contains the one');
    expect(messages('/b', 'archive, archivePath: /c')).toContain('"afterUpload: archive" would take files away');
    expect(good(shared('/b/out', 'keep')).folders).toHaveLength(2);
    expect(good(shared('/b/out2', 'trash')).folders[0]).toMatchObject({ afterUpload: 'trash' });
    const both = folders(
      'name: x, path: /a, destination: main, prefix: x, afterUpload: trash',
      'name: y, path: /a, destination: main, prefix: y, afterUpload: trash',
    );
    expect(problems(both).map(({ key }) => key)).toEqual(['folders[0].afterUpload', 'folders[1].afterUpload']);
  });

  it('refuses another user’s home directory', () => {
    expect(problem(folders('path: ~bob/x, destination: main')).hint).toContain('~/…');
  });

  it('tells the trouble between entries also where an entry has other trouble', () => {
    const found = problems(
      folders(
        'name: x, path: /a, destination: main, mode: bad',
        'name: x, path: /home, destination: nope, priority: bad',
      ),
    );
    expect(found.map(({ key }) => key)).toEqual([
      'folders[0].mode',
      'folders[1].name',
      'folders[1].path',
      'folders[1].destination',
      'folders[1].priority',
    ]);
  });

  it('bounds the prefixes of destination and folder together', () => {
    const text = withFolder(`prefix: ${'a'.repeat(300)}`).replace(
      'bucket: demo',
      `bucket: demo\n    prefix: ${'b'.repeat(300)}`,
    );
    expect(problem(text).message).toContain('together longer than 512 bytes');
  });
});
