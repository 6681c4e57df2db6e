import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { socketAddress, type AddressContext } from '../../../src/protocol/socket-address.ts';

const linux: AddressContext = { platform: 'linux', tempDir: '/tmp', uid: 1000 };

/** A data directory whose own socket path has exactly this many bytes. */
function dataDirFor(socketBytes: number): string {
  return `/${'d'.repeat(socketBytes - '/run/engine.sock'.length - 1)}`;
}

describe('the address of the socket', () => {
  test('is in a directory of its own under the data directory', () => {
    expect(socketAddress('/home/me/data', linux)).toBe('/home/me/data/run/engine.sock');
  });

  test.each([
    ['linux', 107],
    ['darwin', 103],
  ] as const)('on %s moves to the temp directory beyond %i bytes', (platform, limit) => {
    const context = { ...linux, platform };
    expect(socketAddress(dataDirFor(limit), context)).toBe(`${dataDirFor(limit)}/run/engine.sock`);
    const moved = socketAddress(dataDirFor(limit + 1), context);
    expect(moved).toMatch(/^\/tmp\/longshore-1000-[0-9a-f]{16}\/engine\.sock$/);
  });

  test('counts bytes, not characters', () => {
    const dataDir = `/${'目'.repeat(35)}`;
    expect(socketAddress(dataDir, linux)).toMatch(/^\/tmp\//);
  });

  test('differs by data directory and by user', () => {
    const [a, b] = [`${dataDirFor(200)}a`, `${dataDirFor(200)}b`];
    const addresses = [socketAddress(a, linux), socketAddress(b, linux), socketAddress(a, { ...linux, uid: 1001 })];
    expect(new Set(addresses.map(dirname)).size).toBe(3);
  });

  test('fits also where the temp directory itself is too deep', () => {
    const address = socketAddress(dataDirFor(200), { ...linux, tempDir: `/${'t'.repeat(120)}` });
    expect(Buffer.byteLength(address)).toBeLessThanOrEqual(103);
  });

  test('is a named pipe on Windows', () => {
    expect(socketAddress('/data', { ...linux, platform: 'win32' })).toMatch(/^\\\\\.\\pipe\\longshore-[0-9a-f]{16}$/);
  });
});
