// Holds the engine's lock of the data directory that is its argument, until it is killed. Says so on its output.
import { tryLock } from '../../src/db/lock.ts';

const lock = tryLock(process.argv[2] ?? '');
console.log(lock === null ? 'busy' : 'held');
setInterval(() => undefined, 60_000);
