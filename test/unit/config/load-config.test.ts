import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

import { loadConfigFile } from '../../../src/config/load-config.ts';
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
const fileMessage = (file: string) => {
  const result = loadConfigFile(file, CONTEXT);
  return result.ok ? null : result.problems[0]!.message;
};
const credentialsProblem = (text: string) => problem(withDestination('').replace('{ env: true }', text));
const authProblem = (text: string) => problem(withProvider(`baseUrl: https://x.example\nauth: ${text}`));

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
