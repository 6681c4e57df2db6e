import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  engineFilePath,
  newEngineSecret,
  readEngineFile,
  removeEngineFile,
  writeEngineFile,
  type EngineFacts,
} from '../../../src/protocol/engine-file.ts';

let dataDir = '';
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'longshore-engine-file-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true, force: true });
});

function facts(): EngineFacts {
  const [token, nonce] = [newEngineSecret(), newEngineSecret()];
  return { pid: 42, version: '0.1.0', startedAt: '2026-07-01T12:00:00.000Z', address: '/x/engine.sock', token, nonce };
}

describe('engine.json', () => {
  test('is read as it was written, by this user alone, and leaves nothing beside it', () => {
    const written = facts();
    writeEngineFile(dataDir, facts());
    writeEngineFile(dataDir, written);
    expect(readEngineFile(dataDir)).toEqual(written);
    expect(statSync(engineFilePath(dataDir)).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir)).toEqual(['engine.json']);
  });

  test('what a crash left half-written does not stop the next engine, nor does its mode carry over', () => {
    writeFileSync(`${engineFilePath(dataDir)}.tmp`, '{"pid":', { mode: 0o666 });
    writeEngineFile(dataDir, facts());
    expect(statSync(engineFilePath(dataDir)).mode & 0o777).toBe(0o600);
    expect(readEngineFile(dataDir)?.pid).toBe(42);
  });

  test.each([
    ['nothing', ''],
    ['half of it', '{"pid": 42, "ver'],
    ['something else', '{"hello": "world"}'],
    ['a short token', JSON.stringify({ ...facts(), token: 'abc' })],
    ['a huge file', ' '.repeat(100_000)],
  ])('that holds %s is as good as none', (_name, text) => {
    writeFileSync(engineFilePath(dataDir), text);
    expect(readEngineFile(dataDir)).toBeNull();
  });

  test('that is not there, also for want of the directory, is none', () => {
    expect(readEngineFile(dataDir)).toBeNull();
    expect(readEngineFile(join(dataDir, 'nowhere'))).toBeNull();
  });

  test('can be removed twice', () => {
    writeEngineFile(dataDir, facts());
    removeEngineFile(dataDir);
    removeEngineFile(dataDir);
    expect(readdirSync(dataDir)).toEqual([]);
  });
});

test('secrets are long and never the same', () => {
  const secrets = Array.from({ length: 100 }, newEngineSecret);
  expect(new Set(secrets).size).toBe(100);
  for (const secret of secrets) expect(secret).toMatch(/^[\w-]{43}$/);
});
