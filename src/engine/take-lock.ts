import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { tryLock, type EngineLock } from '../db/lock.ts';
import { readEngineFile } from '../protocol/engine-file.ts';

/** Short holders (a command that acts on the database) are waited for so long, ms (CONTRACT.md). */
const WAIT_MS = 5000;
const STEP_MS = 50;

/** Another engine works on this data directory. */
export class LockHeldError extends Error {
  override readonly name = 'LockHeldError';
  readonly holder: { readonly pid: number | null; readonly startedAt: string | null };

  constructor(holder: LockHeldError['holder']) {
    super(
      holder.pid === null
        ? 'Another process holds this data directory.'
        : `Another engine (process ${holder.pid}) holds this data directory.`,
    );
    this.holder = holder;
  }
}

/** Takes the engine's lock; waits for a short holder, never for a real engine. Throws LockHeldError. */
export async function takeLock(dataDir: string): Promise<EngineLock> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const lock = tryLock(dataDir);
    if (lock !== null) return lock;
    const facts = readEngineFile(dataDir);
    const engine = facts !== null && (await listens(facts.address)) ? facts : null;
    if (engine !== null || performance.now() >= deadline) {
      throw new LockHeldError({ pid: engine?.pid ?? null, startedAt: engine?.startedAt ?? null });
    }
    await delay(STEP_MS);
  }
}

function listens(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => {
      done(true);
    });
    socket.once('error', () => {
      done(false);
    });
  });
}
