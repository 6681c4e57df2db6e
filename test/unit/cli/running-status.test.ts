import { expect, test } from 'vitest';
import { createContext } from '../../../src/cli/command-context.ts';
import { otherConfiguration } from '../../../src/cli/running-status.ts';
import { captureCli, offlineAccess } from '../../support/captured-cli.ts';
import { statusView } from '../../support/protocol-fixtures.ts';

const context = createContext(captureCli().io, offlineAccess(), { data: '/data', config: '/etc/c.yaml' });
const told = (configFile: string | null) => {
  const { engine } = statusView();
  return otherConfiguration(statusView({ engine: { ...engine, configFile } }), context, 'doctor');
};

test('P11: who asks about a file that the engine does not work with is told how to ask about the other', () => {
  expect(told('/data/demo/config.yaml')).toBe(
    'The demo that runs uses a configuration of its own. Ask about it with: longshore doctor --config /data/demo/config.yaml',
  );
  expect(told('/my files/c.yaml')).toContain('The engine that runs');
  expect(told('/my files/c.yaml')).toMatch(/--config "\/my files\/c\.yaml"$/);
});

test('nothing is told where it is the same, or none runs', () => {
  expect([told('/etc/c.yaml'), told('/etc/../etc/c.yaml'), told(null)]).toEqual([null, null, null]);
  expect(otherConfiguration(null, context, 'doctor')).toBeNull();
});
