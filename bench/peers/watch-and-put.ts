/**
 * The usual small script for this task: chokidar waits until a written file stands still, then one PUT. No scan, record,
 * retry or verification. Arguments: directory, address, stability in ms. Prints a line when it watches.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { watch } from 'chokidar';

const [directory = '', address = '', stability = ''] = process.argv.slice(2);
const watcher = watch(directory, {
  ignoreInitial: true,
  // Twice as keen as chokidar's default of 100 ms.
  awaitWriteFinish: { stabilityThreshold: Number(stability), pollInterval: 50 },
});
watcher.on('add', (path) => {
  void fetch(`${address}/bench/${basename(path)}`, { method: 'PUT', body: readFileSync(path) });
});
watcher.on('ready', () => process.stdout.write('ready\n'));
process.once('SIGTERM', () => void watcher.close().then(() => process.exit(0)));
