import path from 'node:path';
import { expect, test } from 'vitest';
import { readCommandLine } from '../../../electron/command-line.ts';

const at = (env: Record<string, string> = {}) => ({ platform: 'linux' as const, env, homeDir: '/home/me' });

test('nothing said: the usual places, a window, no demo', () => {
  expect(readCommandLine([], at(), '/cwd')).toEqual({
    dataDir: '/home/me/.local/share/longshore',
    configFile: '/home/me/.config/longshore/config.yaml',
    configGiven: false,
    hidden: false,
    demo: false,
  });
});
test('arguments win over the environment; relative paths start where the person stands', () => {
  const env = { LONGSHORE_DATA: '/env/data', LONGSHORE_CONFIG: '/env/config.yaml' };
  expect(readCommandLine(['--data', 'd', '--config=c.yaml'], at(env), '/cwd')).toMatchObject({
    dataDir: path.resolve('/cwd/d'),
    configFile: path.resolve('/cwd/c.yaml'),
    configGiven: true,
  });
  expect(readCommandLine([], at(env), '/cwd')).toMatchObject({ dataDir: '/env/data', configGiven: true });
});
test('what Electron and Chromium are told is let through', () => {
  const args = ['--no-sandbox', '--user-data-dir=/x', '/path/of/app', '--hidden', '--inspect=0', '--demo'];
  expect(readCommandLine(args, at(), '/cwd')).toMatchObject({ hidden: true, demo: true, configGiven: false });
});
test('the demo by environment', () => {
  expect(readCommandLine([], at({ LONGSHORE_DEMO: '1' }), '/cwd').demo).toBe(true);
  expect(readCommandLine([], at({ LONGSHORE_DEMO: '0' }), '/cwd').demo).toBe(false);
});
test('a switch without its value is no value', () => {
  expect(readCommandLine(['--data'], at(), '/cwd').dataDir).toBe('/home/me/.local/share/longshore');
});
