/**
 * A process that archives one file and dies, as with `kill -9`, right after its nth change to the disk. Arguments: file, its
 * fingerprint, the archive's path for it, the disk (see `REFUSED`), n.
 */
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { CHANGES, REFUSED } from './disk-changes.ts';

const [file = '', fingerprint = '', archivePath = '', disk = '', nth = '0'] = process.argv.slice(2);

const refused = REFUSED[disk];
if (refused === undefined) throw new Error(`there is no disk "${disk}"`);

let changes = 0;
type Change = (...args: never[]) => Promise<unknown>;
const dying =
  (name: string, change: Change): Change =>
  async (...args) => {
    changes += 1;
    const dies = changes === Number(nth);
    try {
      const code = refused[name];
      if (code !== undefined) throw Object.assign(new Error(`${name} is refused`), { code });
      return await change(...args);
    } finally {
      // Also after one that was refused: a name that is taken, say.
      if (dies) process.kill(process.pid, 'SIGKILL');
    }
  };

const table = promises as unknown as Record<string, Change>;
for (const name of CHANGES) {
  const change = table[name];
  if (change === undefined) throw new Error(`node has no ${name}`);
  table[name] = dying(name, change);
}
syncBuiltinESMExports();

const { archiveFile } = await import('../../src/watch/archive-file.ts');
type Archiving = Parameters<typeof archiveFile>[0];
const { signal } = new AbortController();
await archiveFile({ file, expected: fingerprint as Archiving['expected'], archivePath, token: 'op-1', signal });
