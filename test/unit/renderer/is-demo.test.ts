import { expect, test } from 'vitest';
import { isDemo } from '../../../renderer/state/is-demo.ts';
import { statusView } from '../../support/protocol-fixtures.ts';

test.each([
  ['/data/demo/config.yaml', '/data', true],
  ['C:\\Data\\demo\\config.yaml', 'C:\\Data\\', true],
  ['/home/me/longshore.yaml', '/data', false],
  ['/elsewhere/demo/config.yaml', '/data', false],
  [null, '/data', false],
])('configuration %s in %s: demo is %s', (configFile, dataDir, expected) => {
  expect(isDemo({ ...statusView().engine, configFile, dataDir })).toBe(expected);
});
