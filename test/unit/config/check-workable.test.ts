import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { checkWorkable } from '../../../src/config/check-workable.ts';
import type { WorkableProbe } from '../../../src/config/check-workable.ts';
import { machineProbe } from '../../../src/config/machine-probe.ts';
import { containing, DESTINATION, FILE, load, withDestination, withFolder, withProvider } from './load.ts';

const FINE: WorkableProbe = {
  platform: 'linux',
  realDataDir: '/data',
  folderState: () => 'ok',
  realPath: (path) => path,
  isSilent: () => false,
  hasSecret: () => true,
  secretFault: () => null,
  env: () => 'value',
  profileMissingFrom: () => null,
};

function findings(text: string, probe: Partial<WorkableProbe> = {}) {
  const result = load(text);
  if (!result.ok) throw new Error('not valid');
  return checkWorkable(result, { ...FINE, ...probe });
}

describe('what is valid but can’t work now', () => {
  it('is nothing when all is there', () => {
    expect(findings(withFolder(''))).toEqual([]);
  });

  it('a folder whose drive does not answer, of which nothing more is asked', () => {
    const dead = (): never => {
      throw new Error('it would hang');
    };
    const probe = { isSilent: () => true, folderState: dead, realPath: dead };
    const text = withFolder('afterUpload: archive\narchivePath: /srv/archive');
    expect(findings(text, probe)).toMatchObject([{ key: 'folders[0].path', code: 'folder-silent' }]);
  });

  it.each([
    ['missing', 'folder-missing'],
    ['not-a-directory', 'folder-not-a-directory'],
    ['unreadable', 'folder-unreadable'],
  ] as const)('a folder that is %s, at the place of its path', (state, code) => {
    expect(findings(withFolder(''), { folderState: () => state })).toMatchObject([
      {
        file: FILE,
        line: 2,
        column: 11,
        key: 'folders[0].path',
        code,
        subject: { kind: 'folder', name: 'drop' },
        message: containing('/srv/drop'),
      },
    ]);
  });

  it('a link that leads to a place with the data directory in it', () => {
    expect(findings(withFolder(''), { realPath: () => '/' })).toMatchObject([{ code: 'folder-contains-data' }]);
    expect(findings(withFolder(''), { realPath: () => '/data/in' })).toEqual([]);
    expect(findings(withFolder(''), { realPath: () => '/', realDataDir: null })).toEqual([]);
  });

  it('an archive that lies in a watched folder through a link, also when it is not there yet', () => {
    const text = withFolder('afterUpload: archive\narchivePath: /links/done/2026');
    const probe = (places: Readonly<Record<string, string>>) => ({
      realPath: (path: string) => places[path] ?? (path === '/' ? '/' : null),
    });
    expect(findings(text, probe({ '/srv/drop': '/disk/drop', '/links/done': '/disk/drop' }))).toMatchObject([
      { key: 'folders[0].archivePath', code: 'folder-contains-archive', message: containing('"drop"') },
    ]);
    expect(findings(text, probe({ '/srv/drop': '/disk/drop', '/links/done': '/disk' }))).toEqual([]);
    expect(findings(text, probe({ '/srv/drop': '/disk/drop', '/links/done/2026': '/disk' }))).toHaveLength(1);
  });

  it('key spaces that overlap: the later folder, naming the earlier', () => {
    const text = `folders:\n  - { path: /a, destination: main }\n  - { path: /b, destination: main, prefix: x }\ndestinations:\n  main:${DESTINATION}\n`;
    expect(findings(text)).toMatchObject([
      {
        line: 3,
        column: 5,
        key: 'folders[1]',
        code: 'key-space-overlap',
        subject: { kind: 'folder', name: 'b' },
        message: containing('folder "a"'),
      },
    ]);
  });

  it('secrets, variables and profiles that are not there, each once and sorted by line', () => {
    const none = { hasSecret: () => false, env: () => '', profileMissingFrom: () => '/h/.aws/credentials' };
    const credentials = (text: string) => findings(withDestination('').replace('{ env: true }', text), none);
    expect(credentials('{ secret: s3 }')).toMatchObject([
      {
        line: 6,
        column: 28,
        key: 'destinations.main.credentials.secret',
        code: 'secret-missing',
        hint: 'Set it with: longshore secret set s3',
      },
    ]);
    expect(credentials('{ profile: work }')).toMatchObject([
      { code: 'profile-missing', message: 'There is no profile "work" in /h/.aws/credentials.' },
    ]);
    expect(credentials('{ env: true }').map(({ message }) => message)).toEqual([
      'The environment variable AWS_ACCESS_KEY_ID is not set.',
      'The environment variable AWS_SECRET_ACCESS_KEY is not set.',
    ]);
    expect(credentials('{ accessKeyId: a, secretAccessKey: b }')).toEqual([]);
    const provider = `baseUrl: https://x.example\nauth: { type: basic, username: { env: U }, password: { secret: p } }\nheaders:\n  X-A: { secret: h }\n  X-B: plain`;
    expect(findings(withProvider(provider), none).map(({ line, key, code }) => [line, key, code])).toEqual([
      [4, 'providers.api.auth.username.env', 'env-missing'],
      [4, 'providers.api.auth.password.secret', 'secret-missing'],
      [6, 'providers.api.headers.X-A.secret', 'secret-missing'],
    ]);
    expect(findings(withDestination('').replace('{ env: true }', '{ profile: w }'))).toEqual([]);
  });
});

describe('P12: a secret of an obviously wrong form is said so, and never shown', () => {
  const provider = (token: string) =>
    withProvider(`baseUrl: https://x.example\nauth: { type: bearer, token: ${token} }`);
  const told = (text: string, probe: Partial<WorkableProbe> = {}) =>
    findings(text, probe).map(({ code, message }) => [code, message]);

  it('stored: what is wrong depends on what it is for', () => {
    const secretFault: WorkableProbe['secretFault'] = (_name, use) => `has the fault of ${use}`;
    expect(told(withDestination('').replace('{ env: true }', '{ secret: s3 }'), { secretFault })).toEqual([
      ['secret-malformed', 'The secret "s3" has the fault of s3Keys.'],
    ]);
    expect(told(provider('{ secret: t }'), { secretFault })).toEqual([
      ['secret-malformed', 'The secret "t" has the fault of header.'],
    ]);
  });

  it('from the environment, and in the file', () => {
    const env = () => 'hunter2\n';
    expect(told(provider('{ env: TOKEN }'), { env })).toEqual([
      ['env-malformed', 'The environment variable TOKEN holds a line break.'],
    ]);
    expect(told(provider('"hunter2 "'))).toEqual([['value-malformed', 'This value begins or ends with a space.']]);
    const literal = withDestination('').replace('{ env: true }', '{ accessKeyId: " ", secretAccessKey: " hunter2" }');
    expect(told(literal)).toEqual([
      ['value-malformed', 'This value is empty.'],
      ['value-malformed', 'This value begins or ends with a space.'],
    ]);
    expect(JSON.stringify([findings(provider('{ env: TOKEN }'), { env }), findings(literal)])).not.toContain('hunter2');
  });
});

describe('the facts of this machine', () => {
  it('tells folders apart and resolves links', () => {
    const root = mkdtempSync(join(tmpdir(), 'longshore-probe-'));
    try {
      mkdirSync(join(root, 'dir'));
      writeFileSync(join(root, 'file'), '');
      symlinkSync(join(root, 'dir'), join(root, 'link'));
      const probe = machineProbe({
        dataDir: join(root, 'link'),
        env: { SET: 'x', EMPTY: '' },
        hasSecret: () => true,
        secretFault: () => null,
      });
      expect(['dir', 'link', 'file', 'none', 'file/under'].map((name) => probe.folderState(join(root, name)))).toEqual([
        'ok',
        'ok',
        'not-a-directory',
        'missing',
        'missing',
      ]);
      expect(probe.realPath(join(root, 'link'))).toBe(probe.realPath(join(root, 'dir')));
      expect(probe.realPath(join(root, 'none'))).toBeNull();
      expect(probe.realDataDir).toBe(probe.realPath(join(root, 'dir')));
      expect(['SET', 'EMPTY', 'NONE'].map((name) => probe.env(name))).toEqual(['x', '', '']);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
