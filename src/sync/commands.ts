import { errorEntry, type ErrorCode } from '../core/error-table.ts';
import type { Clock, EpochMs } from '../core/ports.ts';
import { newUuid } from '../core/ids.ts';
import type { Random } from '../core/ports.ts';
import { isTerminal } from '../core/states.ts';
import type { Repositories } from '../db/repositories.ts';
import { FOREVER, type StoredOperation } from '../db/stored-operation.ts';
import { toBeJudgedAnew } from './inventory-keys.ts';
import { splitPath } from './paths.ts';
import { uploadSpec, type CallMemo } from './specs.ts';
import type { StopRunning } from './supersede.ts';
import { takeUpAgain } from './take-up-again.ts';

export interface Refused {
  readonly id: string;
  /** Of the table, where it has one for this. */
  readonly code?: ErrorCode;
  readonly reason: string;
}

/** Refused for a reason of the table. */
export function refusedAs(id: string, code: ErrorCode): Refused {
  const { message, hint } = errorEntry(code).en;
  return { id, code, reason: `${message} ${hint}` };
}

export interface CommandDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly random: Random;
  readonly stopRunning: StopRunning;
  /** A file's directory is to be looked at again. */
  readonly hintDirty: (operation: StoredOperation) => void;
  /** The configuration has this folder, and scans look at it. */
  readonly isWatched: (folder: string) => boolean;
}

/** What people ask of operations. Works on the database alone; a running engine is told through the two hooks. */
export class Commands {
  readonly #deps: CommandDeps;

  constructor(deps: CommandDeps) {
    this.#deps = deps;
  }

  /** Failed operations go back to the queue with a fresh budget; waiting ones become due now. Null when done. */
  retry(id: string, newKey: boolean): Refused | null {
    const { repos, clock, random, hintDirty } = this.#deps;
    const operation = repos.operations.byId(id);
    if (operation === null) return { id, reason: 'there is no such item' };
    if (operation.state === 'waiting') {
      repos.operations.amend(operation, { dueAt: clock.now() }, { type: 'retry-now', source: 'external' });
      return null;
    }
    if (operation.state !== 'failed')
      return { id, reason: `it is ${operation.state}: only failed and waiting items can be retried` };
    if (operation.kind === 'file.upload' || operation.kind === 'file.move') return this.#retryUpload(operation);
    const memo: CallMemo = operation.memo;
    if (memo.unsettled === true && !newKey && operation.error?.code === 'call.outcome-unknown') {
      return { id, reason: 'its outcome is unknown: look at the service, then retry with --new-key' };
    }
    const key = newKey && operation.idempotencyKey !== null ? { idempotencyKey: newUuid(clock, random), memo: {} } : {};
    repos.operations.transition(
      operation,
      'requeue',
      { attempts: 0, ...key },
      { type: 'retried', source: 'external', details: { newKey } },
    );
    if (operation.kind.startsWith('file.')) hintDirty(operation);
    return null;
  }

  #retryUpload(operation: StoredOperation): Refused | null {
    const { repos, hintDirty } = this.#deps;
    if (uploadSpec(operation).key !== '') {
      repos.operations.transition(operation, 'requeue', { attempts: 0 }, { type: 'retried', source: 'external' });
      hintDirty(operation);
      return null;
    }
    // It never had a key: the next scan judges the file anew, if there is one.
    if (operation.folder === null || !this.#deps.isWatched(operation.folder))
      return { id: operation.id, reason: 'its folder is not in the configuration: add it again, or cancel the item' };
    repos.transaction(() => {
      repos.operations.transition(operation, 'supersede', {}, { type: 'looked-at-again', source: 'external' });
      if (operation.folder === null || operation.path === null) return;
      const { dir, name } = splitPath(operation.path);
      const file = repos.files.get(operation.folder, dir, name);
      if (file !== null && file.fingerprint !== null) repos.files.put(toBeJudgedAnew(file));
    });
    hintDirty(operation);
    return null;
  }

  cancel(id: string): Refused | null {
    const { repos, stopRunning, hintDirty } = this.#deps;
    const operation = repos.operations.byId(id);
    if (operation === null) return { id, reason: 'there is no such item' };
    if (isTerminal(operation.state)) return { id, reason: `it is ${operation.state} already` };
    if (operation.state === 'running') {
      const ending = repos.operations.amend(
        operation,
        { ending: 'cancelled' },
        { type: 'cancelling', source: 'external' },
      );
      if (ending !== null) stopRunning(ending, 'cancelled');
      return null;
    }
    repos.transaction(() => {
      repos.operations.transition(operation, 'cancel', {}, { source: 'external' });
      if (operation.kind === 'file.download') takeUpAgain(repos, operation);
    });
    if (operation.kind === 'file.download') hintDirty(operation);
    return null;
  }

  /** Holds one item back. FOREVER: until resumed. */
  hold(id: string, until: EpochMs): Refused | null {
    const { repos } = this.#deps;
    const operation = repos.operations.byId(id);
    if (operation === null) return { id, reason: 'there is no such item' };
    if (isTerminal(operation.state)) return { id, reason: `it is ${operation.state} already` };
    repos.operations.amend(
      operation,
      { heldUntil: until },
      {
        type: until === 0 ? 'resumed' : 'paused',
        source: 'external',
        details: { until: until === FOREVER ? null : until },
      },
    );
    return null;
  }
}
