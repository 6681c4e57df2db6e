/** A send worker that dies at its first order. */
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', () => {
  throw new Error('the sender died');
});
parentPort?.postMessage({ kind: 'ready' }, []);
