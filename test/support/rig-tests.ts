import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Rig, TestServer } from './engine-harness.ts';

/**
 * For the tests of a file or of a `describe`: one server for all of them, and for each a machine that `make` sets up there.
 * Before that the server has no faults, and after it nothing counted, where it is our stand-in. Both are closed.
 */
export function rigForEach<Server extends TestServer>(
  start: () => Promise<Server>,
  make: (server: Server) => Promise<Rig>,
): void {
  let server: Server;
  let rig: Rig;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    server.faults?.clear();
    rig = await make(server);
    server.counters?.reset();
  });
  afterEach(() => rig.close());
}
