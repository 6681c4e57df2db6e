import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { probeLock, tryLock } from '../../../src/db/lock.ts';
import { must } from '../../support/outbox.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** Another process that holds the lock. */
async function holder(dataDir: string): Promise<ChildProcess> {
  const script = resolve(import.meta.dirname, '../../support/hold-lock.ts');
  const child = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines = createInterface({ input: must(child.stdout) });
  const [line] = (await once(lines, 'line')) as [string];
  expect(line).toBe('held');
  return child;
}

describe('the lock of a data directory', () => {
  it('has one holder', () => {
    const dir = tempDir();
    expect(probeLock(dir)).toBe('free');
    const lock = must(tryLock(dir));
    expect(tryLock(dir)).toBeNull();
    expect(probeLock(dir)).toBe('held');
    lock.release();
    lock.release();
    expect(probeLock(dir)).toBe('free');
    must(tryLock(dir)).release();
  });

  it('is of one directory', () => {
    const [one, two] = [tempDir(), tempDir()];
    const locks = [must(tryLock(one)), must(tryLock(two))];
    for (const lock of locks) lock.release();
  });

  it.skipIf(process.platform === 'win32')('is a file of its owner', () => {
    const dir = tempDir();
    must(tryLock(dir)).release();
    expect(statSync(join(dir, 'engine.lock')).mode & 0o777).toBe(0o600);
  });

  it('goes with the process that held it, however that ends', async () => {
    const dir = tempDir();
    const child = await holder(dir);
    expect(probeLock(dir)).toBe('held');
    expect(tryLock(dir)).toBeNull();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(probeLock(dir)).toBe('free');
    must(tryLock(dir)).release();
  });
});
