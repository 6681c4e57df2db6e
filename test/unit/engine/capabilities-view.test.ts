import { expect, test } from 'vitest';
import { capabilitiesSentence } from '../../../src/engine/capabilities-view.ts';
import { NOTHING_KNOWN, type KnownCapabilities } from '../../../src/sync/capabilities/capabilities.ts';

const known = (versions: 'yes' | 'no'): KnownCapabilities => ({
  ...NOTHING_KNOWN,
  checkedAt: Date.parse('2026-07-01T12:00:00.000Z'),
  capabilities: { ...NOTHING_KNOWN.capabilities, versions },
});

test('P11: what was found out about a storage is told with its time: a bucket may have been given versioning since', () => {
  expect(capabilitiesSentence(NOTHING_KNOWN)).toBe(null);
  expect(capabilitiesSentence(known('no'))).toMatch(/keeps no old versions.* As of 2026-07-01T12:00:00Z/);
  expect(capabilitiesSentence(known('yes'))).toMatch(/keeps old versions.* As of 2026-07-01T12:00:00Z/);
});
