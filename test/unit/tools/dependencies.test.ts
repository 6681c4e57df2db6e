import { expect, it } from 'vitest';
import { installArguments } from '../../../tools/run/dependencies.mjs';

it('npm under an older Node than the one that runs its packages shows no warnings about it, and checks the same', () => {
  const under = (version: string) => installArguments(version, '24.21.0');
  expect(under('24.1.0')).toEqual(['ci', '--no-audit', '--no-fund']);
  expect(under('26.0.0')).toEqual(under('24.1.0'));
  expect(under('20.20.2')).toEqual([...under('24.1.0'), '--loglevel=error']);
});
