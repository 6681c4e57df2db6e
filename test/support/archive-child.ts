/**
 * A process that archives one file and dies, as with `kill -9`, right after its nth change to the disk. Arguments: file, its
 * fingerprint, the archive's path for it, n.
 */
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [file = '', fingerprint = '', archivePath = '', nth = '0'] = process.argv.slice(2);

let changes = 0;
type Change = (...args: never[]) => Promise<unknown>;
const dying =
  (change: Change): Change =>
  async (...args) => {
    changes += 1;
    const dies = changes === Number(nth);
    try {
      return await change(...args);
    } finally {
      // Also after one that was refused: a name that is taken, say.
      if (dies) process.kill(process.pid, 'SIGKILL');
    }
  };

const table = promises as unknown as Record<string, Change>;
for (const name of ['mkdir', 'open', 'link', 'rename', 'unlink', 'chmod', 'utimes']) {
  const change = table[name];
  if (change === undefined) throw new Error(`node has no ${name}`);
  table[name] = dying(change);
}
syncBuiltinESMExports();

const { archiveFile } = await import('../../src/watch/archive-file.ts');
await archiveFile(file, fingerprint as Parameters<typeof archiveFile>[1], archivePath);
