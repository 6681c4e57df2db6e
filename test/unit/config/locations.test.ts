import { expect, it } from 'vitest';

import { defaultLocations } from '../../../src/config/locations.ts';

it('follows the XDG directories on Linux, and ignores relative ones as the specification says', () => {
  const input = { platform: 'linux', homeDir: '/home/me' } as const;
  const standard = { configFile: '/home/me/.config/longshore/config.yaml', dataDir: '/home/me/.local/share/longshore' };
  expect(defaultLocations({ ...input, env: {} })).toEqual(standard);
  expect(defaultLocations({ ...input, env: { XDG_CONFIG_HOME: 'rel', XDG_DATA_HOME: '' } })).toEqual(standard);
  expect(defaultLocations({ ...input, env: { XDG_CONFIG_HOME: '/c', XDG_DATA_HOME: '/d' } })).toEqual({
    configFile: '/c/longshore/config.yaml',
    dataDir: '/d/longshore',
  });
});

it('uses Application Support on macOS', () => {
  expect(defaultLocations({ platform: 'darwin', homeDir: '/Users/me', env: { XDG_CONFIG_HOME: '/c' } })).toEqual({
    configFile: '/Users/me/Library/Application Support/Longshore/config.yaml',
    dataDir: '/Users/me/Library/Application Support/Longshore/Data',
  });
});

it('uses AppData on Windows', () => {
  const input = { platform: 'win32', homeDir: 'C:\\Users\\me' } as const;
  expect(defaultLocations({ ...input, env: {} })).toEqual({
    configFile: 'C:\\Users\\me\\AppData\\Roaming\\Longshore\\config.yaml',
    dataDir: 'C:\\Users\\me\\AppData\\Local\\Longshore\\Data',
  });
  expect(defaultLocations({ ...input, env: { APPDATA: 'D:\\r', LOCALAPPDATA: 'D:\\l' } })).toEqual({
    configFile: 'D:\\r\\Longshore\\config.yaml',
    dataDir: 'D:\\l\\Longshore\\Data',
  });
});

it('gives way to LONGSHORE_CONFIG and LONGSHORE_DATA, unless they are empty', () => {
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    const env = { LONGSHORE_CONFIG: 'my.yaml', LONGSHORE_DATA: '/data' };
    expect(defaultLocations({ platform, homeDir: '/h', env })).toEqual({ configFile: 'my.yaml', dataDir: '/data' });
    const empty = { LONGSHORE_CONFIG: '', LONGSHORE_DATA: '' };
    expect(defaultLocations({ platform, homeDir: '/h', env: empty })).toEqual(
      defaultLocations({ platform, homeDir: '/h', env: {} }),
    );
  }
});
