import { describe, expect, it } from 'vitest';

import { good } from './load.ts';

const S3 = 'type: s3, credentials: { env: true }';

function frozen(
  folders: readonly (readonly [destination: string, prefix: string])[],
  destinations: Readonly<Record<string, string>>,
) {
  const text = JSON.stringify({
    folders: folders.map(([destination, prefix], index) => ({
      name: `f${index}`,
      path: `/srv/${index}`,
      destination,
      prefix,
    })),
  });
  const list = Object.entries(destinations).map(([name, facts]) => `${name}: { ${S3}, ${facts} }`);
  const config = good(`${text.slice(0, -1)}, destinations: { ${list.join(', ')} } }`);
  return config.folders.map((folder) => folder.frozen?.withFolder ?? null);
}

const ONE = { a: 'endpoint: http://127.0.0.1:9000, bucket: one' };

describe('key spaces of folders', () => {
  it.each<[string, string, boolean]>([
    ['', '', true],
    ['', 'x/', true],
    ['x/', '', true],
    ['x/', 'x', true],
    ['x/', 'x/y/', true],
    ['x/y/', 'x/', true],
    ['x/', 'xy/', false],
    ['x/', 'X/', false],
    ['x/', 'y/', false],
    ['x/y/', 'x/z/', false],
    ['\u00E9/', 'e\u0301/', true],
  ])('prefixes %j and %j: overlap is %j', (first, second, overlap) => {
    expect(
      frozen(
        [
          ['a', first],
          ['a', second],
        ],
        ONE,
      ),
    ).toEqual([null, overlap ? 'f0' : null]);
  });

  it('freezes the later folder alone; a frozen one blocks no other', () => {
    expect(
      frozen(
        [
          ['a', 'x'],
          ['a', ''],
          ['a', 'y'],
          ['a', 'y/z'],
        ],
        ONE,
      ),
    ).toEqual([null, 'f0', null, 'f2']);
  });

  it.each<[string, string, string, boolean]>([
    [
      'the same bucket under two names',
      'endpoint: http://127.0.0.1:9000, bucket: one',
      'endpoint: http://127.0.0.1:9000/, bucket: one',
      true,
    ],
    [
      'two names of loopback',
      'endpoint: http://127.0.0.1:9000, bucket: one',
      'endpoint: http://localhost:9000, bucket: one',
      true,
    ],
    [
      'two ports',
      'endpoint: http://127.0.0.1:9000, bucket: one',
      'endpoint: http://127.0.0.1:9001, bucket: one',
      false,
    ],
    [
      'two buckets',
      'endpoint: http://127.0.0.1:9000, bucket: one',
      'endpoint: http://127.0.0.1:9000, bucket: two',
      false,
    ],
    [
      'case and default port',
      'endpoint: https://S3.Example.com, bucket: one',
      'endpoint: https://s3.example.com:443, bucket: one',
      true,
    ],
    [
      'endpoints of Amazon S3',
      'region: eu-central-1, bucket: one',
      'endpoint: https://s3.amazonaws.com, bucket: one',
      true,
    ],
    ['two partitions of Amazon S3', 'region: eu-central-1, bucket: one', 'region: cn-north-1, bucket: one', false],
    [
      'prefixes of destinations apart',
      'region: eu-central-1, bucket: one, prefix: x',
      'region: eu-central-1, bucket: one, prefix: y',
      false,
    ],
    [
      'a destination inside another',
      'region: eu-central-1, bucket: one, prefix: x',
      'region: eu-central-1, bucket: one, prefix: x/y',
      true,
    ],
  ])('knows %s', (_name, a, b, overlap) => {
    expect(
      frozen(
        [
          ['a', ''],
          ['b', ''],
        ],
        { a, b },
      ),
    ).toEqual([null, overlap ? 'f0' : null]);
  });

  it('counts the prefix of the destination with that of the folder', () => {
    const destinations = { a: 'region: eu-central-1, bucket: one, prefix: x', b: 'region: eu-central-1, bucket: one' };
    expect(
      frozen(
        [
          ['a', 'y'],
          ['b', 'x/y/z'],
        ],
        destinations,
      ),
    ).toEqual([null, 'f0']);
    expect(
      frozen(
        [
          ['a', 'y'],
          ['b', 'y'],
        ],
        destinations,
      ),
    ).toEqual([null, null]);
  });
});
