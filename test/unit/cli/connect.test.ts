import { describe, expect, test } from 'vitest';
import { connect, PATIENCE_MS, type ConnectOptions, type ConnectPorts } from '../../../src/cli/connect.ts';
import { CliError } from '../../../src/cli/exit-codes.ts';
import { createChannelPair } from '../../../src/protocol/channel.ts';
import type { EngineFacts } from '../../../src/protocol/engine-file.ts';
import { RpcServer } from '../../../src/protocol/rpc-server.ts';
import { SocketConnectError, type ConnectFailure } from '../../../src/protocol/socket-client.ts';
import { plainHandlers, statusView } from '../../support/protocol-fixtures.ts';

const FACTS: EngineFacts = {
  pid: 42,
  version: '0.1.0',
  startedAt: '2026-07-01T12:00:00.000Z',
  address: '/x',
  token: 't'.repeat(43),
  nonce: 'n'.repeat(43),
};

class LockHeldError extends Error {
  override readonly name = 'LockHeldError';
  readonly holder = { pid: 7, startedAt: '2026-07-01T12:00:00.000Z' };
}

/** A machine whose facts may change with time; time passes only by waiting. */
class Machine implements ConnectPorts {
  nowMs = 0;
  facts: (nowMs: number) => EngineFacts | null = () => null;
  socket: (nowMs: number) => ConnectFailure | 'up' = () => 'absent';
  lock: (nowMs: number) => 'free' | 'held' = () => 'free';
  offlineOpens: string[] = [];
  openError: (nowMs: number) => Error | null = () => null;
  closed = 0;

  readEngineFile(): EngineFacts | null {
    return this.facts(this.nowMs);
  }

  async connectToSocket(_facts: EngineFacts, deadlineMs: number) {
    const how = this.socket(this.nowMs);
    if (how === 'up') {
      const [near, far] = createChannelPair();
      new RpcServer({ handlers: plainHandlers() }).accept(far);
      return near;
    }
    if (how === 'silent') this.nowMs += deadlineMs;
    throw new SocketConnectError(how, how);
  }

  async probeLock() {
    return this.lock(this.nowMs);
  }

  async openOffline({ mode }: { mode: 'read' | 'write' }) {
    const error = this.openError(this.nowMs);
    if (error !== null) throw error;
    this.offlineOpens.push(mode);
    return {
      handlers: plainHandlers(),
      close: async () => {
        this.closed += 1;
      },
    };
  }

  elapsedMs(): number {
    return this.nowMs;
  }

  async sleep(delayMs: number): Promise<void> {
    this.nowMs += delayMs;
  }

  onUnexpected(): void {}
}

function options(need: ConnectOptions['need']): ConnectOptions {
  return { dataDir: '/data', configFile: '/config.yaml', need };
}

async function exitOf(promise: Promise<unknown>): Promise<{ exitCode: number; words: string }> {
  const error: unknown = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof CliError)) throw error;
  return { exitCode: error.exitCode, words: error.message };
}

describe('with an engine', () => {
  test.each(['engine', 'read', 'write'] as const)('all go through its socket: %s', async (need) => {
    const machine = new Machine();
    machine.facts = () => FACTS;
    machine.socket = () => 'up';
    machine.lock = () => 'held';
    const session = await connect(options(need), machine);
    expect(session.through).toBe('engine');
    expect(await session.client.call('status', {})).toEqual(statusView());
    expect(machine.offlineOpens).toEqual([]);
    await session.close();
  });

  test('one that is just starting is waited for', async () => {
    const machine = new Machine();
    machine.lock = () => 'held';
    machine.facts = (nowMs) => (nowMs < 1000 ? null : FACTS);
    machine.socket = (nowMs) => (nowMs < 2000 ? 'absent' : 'up');
    expect((await connect(options('engine'), machine)).through).toBe('engine');
  });

  test('one that was replaced while we asked has another token: look again', async () => {
    const machine = new Machine();
    machine.lock = () => 'held';
    machine.facts = () => FACTS;
    machine.socket = (nowMs) => (nowMs < 300 ? 'refused' : 'up');
    expect((await connect(options('write'), machine)).through).toBe('engine');
  });

  test.each(['silent', 'absent', 'impostor'] as const)(
    'one that holds the lock but is %s for 5 s is exit 1, in words',
    async (failure) => {
      for (const need of ['engine', 'read', 'write'] as const) {
        const machine = new Machine();
        machine.lock = () => 'held';
        machine.facts = () => FACTS;
        machine.socket = () => failure;
        const { exitCode, words } = await exitOf(connect(options(need), machine));
        expect(exitCode).toBe(1);
        expect(words).toContain('process 42');
        expect(machine.nowMs).toBeLessThanOrEqual(PATIENCE_MS + 100);
        expect(machine.nowMs).toBeGreaterThanOrEqual(PATIENCE_MS - 200);
        expect(machine.offlineOpens).toEqual([]);
      }
    },
  );
});

describe('without an engine', () => {
  test('what needs one ends with 4 at once, also where a crash left its file', async () => {
    for (const facts of [null, FACTS]) {
      const machine = new Machine();
      machine.facts = () => facts;
      expect((await exitOf(connect(options('engine'), machine))).exitCode).toBe(4);
      expect(machine.nowMs).toBe(0);
    }
  });

  test.each(['read', 'write'] as const)('%s works on the database, which is closed afterwards', async (need) => {
    const machine = new Machine();
    machine.facts = () => FACTS;
    const session = await connect(options(need), machine);
    expect(session.through).toBe('offline');
    expect(machine.offlineOpens).toEqual([need]);
    await session.client.call('ls', {});
    await session.close();
    expect(machine.closed).toBe(1);
  });

  test('a short holder of the lock is waited for', async () => {
    const machine = new Machine();
    machine.lock = (nowMs) => (nowMs < 1500 ? 'held' : 'free');
    expect((await connect(options('write'), machine)).through).toBe('offline');
    expect(machine.nowMs).toBeGreaterThanOrEqual(1500);
  });

  test('an engine that takes the lock between the look and the grasp gets the request', async () => {
    const machine = new Machine();
    machine.openError = () => new LockHeldError();
    machine.facts = (nowMs) => (nowMs < 200 ? null : FACTS);
    machine.socket = () => 'up';
    expect((await connect(options('write'), machine)).through).toBe('engine');
  });

  test('other trouble with the database is told as it is', async () => {
    const machine = new Machine();
    machine.openError = () => new Error('malformed');
    await expect(connect(options('read'), machine)).rejects.toThrow('malformed');
  });
});
