import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DataKeyError, keyFilePath, openDataKey, readDataKey } from '../../../src/engine/data-key.ts';
import { must } from '../../support/outbox.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('P12: the data key', () => {
  it('is made once, for its owner alone, and opens what it sealed', () => {
    const dir = tempDir();
    const first = openDataKey(dir);
    expect(first.created).toBe(true);
    if (process.platform !== 'win32') expect(statSync(keyFilePath(dir)).mode & 0o777).toBe(0o600);
    const sealed = first.sealer.seal('token', 'p');
    const second = openDataKey(dir);
    expect(second.created).toBe(false);
    expect(second.sealer.open(sealed, 'p')).toBe('token');
    expect(must(readDataKey(dir)).open(sealed, 'p')).toBe('token');
    expect(readdirSync(dir), 'nothing is left beside it').toEqual(['data.key']);
  });

  it('is another one in each data directory', () => {
    const [one, two] = [tempDir(), tempDir()];
    const sealed = openDataKey(one).sealer.seal('token', 'p');
    expect(() => openDataKey(two).sealer.open(sealed, 'p')).toThrow();
  });

  it('is not made by who only reads', () => {
    const dir = tempDir();
    expect(readDataKey(dir)).toBeNull();
    expect(existsSync(keyFilePath(dir))).toBe(false);
  });

  it.each(['', 'AAAA', 'not base64 at all!'])('is never replaced when it is damaged (%j)', (text) => {
    const dir = tempDir();
    writeFileSync(keyFilePath(dir), text);
    expect(() => openDataKey(dir)).toThrow(DataKeyError);
    expect(() => readDataKey(dir)).toThrow(DataKeyError);
    expect(readFileSync(keyFilePath(dir), 'utf8')).toBe(text);
  });

  it('is made anew over what a crash left half done', () => {
    const dir = tempDir();
    writeFileSync(`${keyFilePath(dir)}.tmp`, 'half');
    expect(openDataKey(dir).created).toBe(true);
    expect(openDataKey(dir).created).toBe(false);
  });
});
