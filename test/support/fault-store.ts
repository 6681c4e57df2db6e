/** Services at fault and stores that talk to them: each is closed at the end of the test that made it. */
import { onTestFinished } from 'vitest';
import type { ObjectStore } from '../../src/core/ports.ts';
import type { S3Options } from '../../src/remote/s3/options.ts';
import { startFaultServer, type Answer, type FaultServer } from './fault-server.ts';
import { storeAt as newStoreAt } from './s3-store.ts';

export async function serve(answer: Answer, tls = false): Promise<FaultServer> {
  const server = await startFaultServer(answer, tls);
  onTestFinished(() => server.close());
  return server;
}

export function storeAt(endpoint: string, more: Partial<S3Options> = {}): ObjectStore {
  const store = newStoreAt(endpoint, more);
  onTestFinished(() => store.close());
  return store;
}
