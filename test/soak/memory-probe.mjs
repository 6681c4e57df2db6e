// Loaded into the engine's process with `--import`, and so into each of its threads: writes down what V8 and the C++ side of
// each hold, every few seconds. `/proc` can't tell them apart. Plain JavaScript: for types each thread would load the
// compiler that strips them, some 10 MiB.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { threadId } from 'node:worker_threads';

const PERIOD_MS = 5000;

const directory = process.env['LONGSHORE_SOAK_PROBE'];
if (directory !== undefined) {
  const file = join(directory, `${process.pid}-${threadId}.json`);
  setInterval(() => {
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    const heapPhysical = getHeapStatistics().total_physical_size;
    writeFileSync(`${file}.new`, JSON.stringify({ heapPhysical, heapUsed, external, arrayBuffers }));
    renameSync(`${file}.new`, file);
  }, PERIOD_MS).unref();
}
