/**
 * Does the after-upload actions of some machines, and may be killed at a step: before the n-th call that changes something
 * about a machine's files, or opens one. Argument: a JSON of `AfterUploadJob`.
 */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { AfterUploadRule } from '../../src/sync/record-after-upload.ts';

export interface AfterUploadJob {
  readonly machines: readonly { readonly dbFile: string; readonly root: string; readonly rule: AfterUploadRule }[];
  /** Calls on paths below these are counted. */
  readonly watched: readonly string[];
  /** 0: never. */
  readonly killAt: number;
}

const job = JSON.parse(process.argv[2] ?? '') as AfterUploadJob;
let calls = 0;
const STEPS = ['mkdir', 'open', 'rename', 'link', 'unlink', 'writeFile', 'utimes'] as const;
const steps = fs as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
for (const name of STEPS) {
  const real = steps[name]!.bind(fs);
  steps[name] = (...args) => {
    const concerned = args.some((arg) => typeof arg === 'string' && job.watched.some((dir) => arg.startsWith(dir)));
    if (concerned && ++calls === job.killAt) process.kill(process.pid, 'SIGKILL');
    return real(...args);
  };
}
syncBuiltinESMExports();

// Only now: they take the functions as they are when they are loaded.
const { openWritable } = await import('../../src/db/connection.ts');
const { AfterUpload } = await import('../../src/sync/after-upload.ts');
const { DiskChanges } = await import('../../src/watch/local-changes.ts');
const { makeOutbox } = await import('./outbox.ts');
const { systemClock } = await import('./system-clock.ts');
const { until } = await import('./until.ts');

for (const { dbFile, root, rule } of job.machines) {
  const db = openWritable(dbFile);
  const { repos, random } = makeOutbox({ db });
  const actions = new AfterUpload({
    repos,
    random,
    clock: systemClock,
    changes: new DiskChanges({ roots: () => [root] }),
    root: () => root,
    rule: () => rule,
    isOpen: () => true,
    onChange: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
  actions.wake();
  await until('it is done', () => actions.idle());
  await actions.stop();
  db.close();
}
