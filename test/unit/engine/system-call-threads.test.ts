import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM_CALL_THREADS } from '../../../src/engine/system-call-threads.ts';
import { engineEnv } from '../../../tools/run/engine-runtime.mjs';

/** As many calls as seven dead drives can hold, which never return; then a name and a healthy file. */
const PROGRAM = `
  const { lookup } = require('node:dns');
  const { open, stat } = require('node:fs');
  for (let call = 0; call < 28; call += 1) open(process.argv[1], 'r', () => undefined);
  lookup('localhost', () => stat('/', () => process.stdout.write('answered')));
`;

describe('threads for calls of the system', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'longshore-threads-'));
    execFileSync('mkfifo', [join(dir, 'hangs')]);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('P10: calls to drives that are gone leave room for names and for healthy folders', async () => {
    const child = spawn(process.execPath, ['-e', PROGRAM, join(dir, 'hangs')], {
      env: { ...process.env, ...engineEnv },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const giveUp = setTimeout(() => child.kill('SIGKILL'), 8000);
    const said = await new Promise((resolve) => {
      child.stdout.once('data', (data: Buffer) => resolve(data.toString()));
      child.once('close', () => resolve('nothing'));
    });
    clearTimeout(giveUp);
    child.kill('SIGKILL');
    expect(said).toBe('answered');
  });

  it('are as many in the app as on the command line', () => {
    expect(engineEnv['UV_THREADPOOL_SIZE']).toBe(String(SYSTEM_CALL_THREADS));
  });
});
