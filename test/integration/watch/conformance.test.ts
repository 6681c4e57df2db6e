import { rmSync } from 'node:fs';
import { DiskFiles } from '../../../src/watch/local-files.ts';
import { ThreadScanner } from '../../../src/watch/thread-scanner.ts';
import { describeScannerConformance } from '../../support/scanner-conformance.ts';
import { systemClock } from '../../support/system-clock.ts';
import { TempTree } from '../../support/temp-tree.ts';
import { warmedUp } from '../../support/threaded-files.ts';

const workerUrl = new URL('../../../src/watch/scan-worker.ts', import.meta.url);

function realDisk(files: DiskFiles, close: () => void) {
  const tree = new TempTree();
  const scanner = new ThreadScanner({ workerUrl, clock: systemClock });
  return {
    root: tree.root,
    scanner,
    files,
    write: (path: string, content: string) => tree.write(path, content),
    mkdir: (path: string) => tree.mkdir(path),
    remove: (path: string) => tree.remove(path),
    rename: (from: string, to: string) => tree.rename(from, to),
    removeRoot: () => rmSync(tree.root, { recursive: true }),
    close: async () => {
      close();
      await scanner.close();
      tree.close();
    },
  };
}

describeScannerConformance('the real disk', () => realDisk(new DiskFiles(), () => undefined));

describeScannerConformance('the real disk with a thread that reads', async () => {
  const files = await warmedUp();
  return realDisk(files, () => files.close());
});
