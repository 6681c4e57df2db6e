import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openWritable } from '../../../src/db/connection.ts';
import type { AfterUploadRule } from '../../../src/sync/record-after-upload.ts';
import { DiskFiles } from '../../../src/watch/local-files.ts';
import { PARTIAL_PREFIX } from '../../../src/watch/default-ignores.ts';
import type { AfterUploadJob } from '../../support/after-upload-child.ts';
import { TempTree } from '../../support/temp-tree.ts';
import { bringTo, makeOutbox, must, queueUpload } from '../../support/outbox.ts';

const CHILD = join(import.meta.dirname, '../../support/after-upload-child.ts');
/** More than any action has. */
const MOST_STEPS = 60;
const CONTENT = 'what was uploaded';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

function temporary(parent: string): string {
  const dir = mkdtempSync(join(parent, 'longshore-after-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

interface Machine {
  readonly dbFile: string;
  readonly root: string;
  /** Where the file goes. */
  readonly away: string;
  readonly rule: AfterUploadRule;
}

/** A file that is in the storage, and the wish that it goes away now. */
async function machine(action: 'archive' | 'trash', away: string): Promise<Machine> {
  const tree = new TempTree();
  cleanups.push(() => tree.close());
  tree.write('a.txt', CONTENT);
  const { fingerprint, sizeBytes, mtimeMs } = must(await new DiskFiles().stat(tree.at('a.txt')));
  const dbFile = join(tree.base, 'queue.db');
  const db = openWritable(dbFile);
  const outbox = makeOutbox({ db });
  const operation = bringTo(outbox, queueUpload(outbox, 'a.txt'), 'succeeded');
  outbox.repos.files.put({
    folder: 'drop',
    dir: '',
    name: 'a.txt',
    key: 'drop/a.txt',
    fingerprint,
    sizeBytes,
    mtimeMs: Math.floor(mtimeMs),
    base: { etag: 'e', versionId: null },
    checksum: null,
    operation: operation.id,
  });
  const rule: AfterUploadRule =
    action === 'archive' ? { action, archivePath: join(away, 'a.txt') } : { action, archivePath: null };
  outbox.repos.afterUploads.insert({
    ...rule,
    operation: operation.id,
    folder: 'drop',
    path: 'a.txt',
    fingerprint,
    dueAt: 0,
  });
  db.close();
  return { dbFile, root: tree.root, away, rule };
}

async function run(machines: readonly Machine[], killAt: number, home: string): Promise<NodeJS.Signals | null> {
  const job: AfterUploadJob = { machines, killAt, watched: machines.flatMap(({ root, away }) => [root, away, home]) };
  const child = spawn(process.execPath, [CHILD, JSON.stringify(job)], {
    env: { ...process.env, XDG_DATA_HOME: home },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (signal === null && code !== 0) throw new Error(words);
  return signal;
}

/** Whole files below a directory, but for hidden ones on their way. */
function contents(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return (readdirSync(dir, { recursive: true }) as string[])
    .map((name) => join(dir, name))
    .filter((file) => statSync(file).isFile() && !file.includes(PARTIAL_PREFIX))
    .map((file) => readFileSync(file, 'utf8'));
}

it.each([
  ['archive', 'an archive on the same file system', (): string => temporary(tmpdir())],
  ['archive', 'an archive on another file system', (): string => temporary('/dev/shm')],
  ['trash', 'the trash', (): string => ''],
] as const)(
  'P13: %s, to %s: killed at any step, the file is here or there, and in the end there once and whole',
  async (action, _, makeAway) => {
    const home = temporary(tmpdir());
    const base = makeAway();
    const killed: Machine[] = [];
    for (let step = 1; ; step += 1) {
      expect(step).toBeLessThan(MOST_STEPS);
      const away = action === 'archive' ? join(base, `${step}`) : join(home, `${step}`);
      if (action === 'archive') mkdirSync(away);
      const one: Machine = await machine(action, away);
      // Each its own trash: what stands there is told apart.
      const signal: NodeJS.Signals | null = await run([one], step, action === 'trash' ? away : home);
      const there = contents(action === 'trash' ? join(away, 'Trash/files') : away);
      const here = contents(one.root);
      expect([...here, ...there], `killed at step ${step}`).toContain(CONTENT);
      if (signal === null) break;
      expect(signal).toBe('SIGKILL');
      killed.push(one);
    }
    expect(killed.length).toBeGreaterThan(5);
    if (action === 'archive') await run(killed, 0, home);
    else for (const one of killed) await run([one], 0, one.away);
    for (const [index, one] of killed.entries()) {
      const there = contents(action === 'trash' ? join(one.away, 'Trash/files') : one.away);
      expect({ step: index + 1, here: contents(one.root), there }).toEqual({
        step: index + 1,
        here: [],
        there: [CONTENT],
      });
      const db = openWritable(one.dbFile);
      const { repos } = makeOutbox({ db });
      expect(repos.afterUploads.nextDue()).toEqual([]);
      db.close();
    }
  },
);
