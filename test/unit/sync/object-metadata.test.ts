import { describe, expect, it } from 'vitest';
import { deviceOf, mtimeOf, objectMetadata, partSizeOf } from '../../../src/sync/object-metadata.ts';

const FILE = { mtimeMs: 1_700_000_000_123.9, originalName: null };

describe('the metadata of an object', () => {
  it('tells operation, time and device, and can be read back', () => {
    const metadata = objectMetadata('op-1', FILE, 'Zoë’s laptop', 8_388_608);
    expect(metadata['longshore-op']).toBe('op-1');
    expect(mtimeOf(metadata)).toBe(1_700_000_000_123);
    expect(deviceOf(metadata)).toBe('Zoë’s laptop');
    expect(partSizeOf(metadata)).toBe(8_388_608);
    expect(Object.values(metadata).every((value) => /^[ -~]*$/.test(value))).toBe(true);
  });

  it.each(['名'.repeat(200), '👩'.repeat(90), 'x'.repeat(900)])(
    'cuts a long device name between characters',
    (device) => {
      const metadata = objectMetadata('op-1', FILE, device);
      expect(metadata['longshore-device']!.length).toBeLessThanOrEqual(200);
      expect(device.startsWith(deviceOf(metadata)!)).toBe(true);
    },
  );

  it('takes a device name that is no valid text', () => {
    expect(deviceOf(objectMetadata('op-1', FILE, 'a\uD800b'))).toBe('a\uFFFDb');
  });

  it.each(['', '-5', '1e9', '12.5', 'yesterday', '9'.repeat(17)])('does not believe %j to be a time', (text) => {
    expect(mtimeOf({ 'longshore-mtime': text })).toBeNull();
  });

  it('knows nothing of what another program wrote', () => {
    expect([mtimeOf({}), mtimeOf(undefined), deviceOf({}), partSizeOf({})]).toEqual([null, null, null, null]);
    expect(deviceOf({ 'longshore-device': '%E0%A4%A' })).toBeNull();
  });
});
