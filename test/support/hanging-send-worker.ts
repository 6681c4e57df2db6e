/** A send worker that says that it is ready and begins with nothing, as on a dead network drive. */
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', () => undefined);
parentPort?.postMessage({ kind: 'ready' }, []);
