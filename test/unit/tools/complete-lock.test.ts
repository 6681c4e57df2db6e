import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { completeLock, platformOf } from '../../../tools/setup/complete-lock.ts';

describe('platformOf', () => {
  test.each([
    ['@swc/core-darwin-arm64', { os: ['darwin'], cpu: ['arm64'] }],
    ['@swc/core-win32-x64-msvc', { os: ['win32'], cpu: ['x64'] }],
    ['@oxlint/binding-linux-x64-musl', { os: ['linux'], cpu: ['x64'], libc: ['musl'] }],
    ['@oxlint/binding-linux-arm-gnueabihf', { os: ['linux'], cpu: ['arm'], libc: ['glibc'] }],
    ['@oxc-parser/binding-android-arm-eabi', { os: ['android'], cpu: ['arm'] }],
    ['@oxlint-tsgolint/darwin-x64', { os: ['darwin'], cpu: ['x64'] }],
  ])('%s', (name, platform) => {
    expect(platformOf(name)).toEqual(platform);
  });

  test('is undefined where the name tells no platform', () => {
    expect(platformOf('fsevents')).toBeUndefined();
  });
});

describe('completeLock', () => {
  const parent = (names: string[]) => ({
    version: '1.2.3',
    dev: true,
    optionalDependencies: Object.fromEntries(names.map((name) => [name, '1.2.3'])),
  });

  test('adds what is missing, as the parent pins it', () => {
    const packages = {
      'node_modules/tool': parent(['tool-linux-x64-gnu', 'tool-win32-x64']),
      'node_modules/tool-win32-x64': {},
    };
    expect(completeLock(packages)).toEqual(['tool-linux-x64-gnu']);
    expect(packages).toHaveProperty(['node_modules/tool-linux-x64-gnu'], {
      version: '1.2.3',
      os: ['linux'],
      cpu: ['x64'],
      libc: ['glibc'],
      dev: true,
      optional: true,
    });
  });

  test('finds what stands nested beneath its parent', () => {
    const nested = 'node_modules/tool/node_modules/tool-darwin-x64';
    expect(completeLock({ 'node_modules/tool': parent(['tool-darwin-x64']), [nested]: {} })).toEqual([]);
  });

  test('refuses to guess a platform', () => {
    expect(() => completeLock({ 'node_modules/tool': parent(['extra']) })).toThrow('extra@1.2.3');
  });
});

test('the lock file is whole, so that npm ci takes it: else run `npm run lock`', async () => {
  const file = path.resolve(import.meta.dirname, '../../../package-lock.json');
  const { packages } = JSON.parse(await readFile(file, 'utf8')) as { packages: Parameters<typeof completeLock>[0] };
  expect(completeLock(packages)).toEqual([]);
});
