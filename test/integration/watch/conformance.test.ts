import { rmSync } from 'node:fs';
import { DiskFiles } from '../../../src/watch/local-files.ts';
import { ThreadScanner } from '../../../src/watch/thread-scanner.ts';
import { describeScannerConformance } from '../../support/scanner-conformance.ts';
import { systemClock } from '../../support/system-clock.ts';
import { TempTree } from '../../support/temp-tree.ts';

const workerUrl = new URL('../../../src/watch/scan-worker.ts', import.meta.url);

describeScannerConformance('the real disk', () => {
  const tree = new TempTree();
  const scanner = new ThreadScanner({ workerUrl, clock: systemClock });
  return {
    root: tree.root,
    scanner,
    files: new DiskFiles(),
    write: (path, content) => tree.write(path, content),
    mkdir: (path) => tree.mkdir(path),
    remove: (path) => tree.remove(path),
    rename: (from, to) => tree.rename(from, to),
    removeRoot: () => rmSync(tree.root, { recursive: true }),
    close: async () => {
      await scanner.close();
      tree.close();
    },
  };
});
