import type { Channel } from './channel.ts';
import { NOTIFICATIONS, REQUESTS } from './contract.ts';
import type { Method, Notification, NotificationName, Params, Result } from './contract.ts';
import { RpcDeadlineExceeded, RpcDisconnected, RpcRefusal } from './rpc-errors.ts';
import { explainMismatch, MAX_PENDING_REQUESTS, notificationMessage, responseMessage } from './rpc-message.ts';
import type { ResponseMessage } from './rpc-message.ts';

const DEFAULT_DEADLINE_MS = 30_000;

export interface CallOptions {
  /** From now until the reply, ms. Default 30 s. */
  readonly deadlineMs?: number;
}

export interface RpcClientOptions {
  readonly deadlineMs?: number;
  /** What came in and is no part of the contract: dropped, and told here. */
  readonly onProtocolError?: (problem: string) => void;
}

interface Pending {
  readonly method: Method;
  /** Takes what the schema of `method` decoded. */
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** Takes what the schema of its notification decoded. */
type Listener = (params: unknown) => void;

/** The calling side of the contract on one channel. Every call ends: with its result, a refusal, or a reason why not. */
export class RpcClient {
  readonly #channel: Channel;
  readonly #options: RpcClientOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<NotificationName, Set<Listener>>();
  #lastId = 0;
  #closedReason: string | null = null;

  constructor(channel: Channel, options: RpcClientOptions = {}) {
    this.#channel = channel;
    this.#options = options;
    channel.onClose((reason) => this.#end(reason));
    channel.onMessage((message) => this.#receive(message));
  }

  /**
   * Calls a method of the engine. Rejects with `RpcRefusal` (the engine says no, in words), `RpcDeadlineExceeded` or
   * `RpcDisconnected`; after the last two it is unknown whether the request took effect.
   */
  call<M extends Method>(method: M, params: Params<M>, options: CallOptions = {}): Promise<Result<M>> {
    const decoded = REQUESTS[method].params.safeParse(params);
    if (!decoded.success) {
      const message = `The request "${method}" is not valid (${explainMismatch(decoded.error)}).`;
      return Promise.reject(new RpcRefusal({ kind: 'usage', message, hint: 'Correct it and try again.' }));
    }
    if (this.#closedReason !== null) return Promise.reject(disconnected(this.#closedReason));
    if (this.#pending.size >= MAX_PENDING_REQUESTS) {
      const message = 'Too many requests are under way.';
      return Promise.reject(
        new RpcRefusal({ kind: 'state', message, hint: 'Wait for replies before asking for more.' }),
      );
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const deadlineMs = options.deadlineMs ?? this.#options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#take(id)?.reject(
          new RpcDeadlineExceeded(`The engine did not answer "${method}" within ${deadlineMs / 1000} s.`),
        );
      }, deadlineMs);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- decoded by the schema of the same method
      this.#pending.set(id, { method, resolve: (result) => resolve(result as Result<M>), reject, timer });
      try {
        this.#channel.send({ jsonrpc: '2.0', id, method, params: decoded.data });
      } catch (error) {
        this.#take(id)?.reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Calls the listener for each notification of this name, decoded; returns how to stop. */
  on<N extends NotificationName>(name: N, listener: (params: Notification<N>) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set<Listener>();
    this.#listeners.set(name, listeners);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- decoded by the schema of the same name
    const decoded: Listener = (params) => listener(params as Notification<N>);
    listeners.add(decoded);
    return () => listeners.delete(decoded);
  }

  onClose(listener: (reason: string) => void): void {
    this.#channel.onClose(listener);
  }

  close(): void {
    this.#channel.close();
    this.#end('closed here');
  }

  #receive(message: unknown): void {
    if (hasMethod(message)) {
      const notification = notificationMessage.safeParse(message);
      if (notification.success) this.#notify(notification.data.method, notification.data.params);
      else this.#problem('a message that is neither a reply nor a notification');
      return;
    }
    const response = responseMessage.safeParse(message);
    if (response.success) this.#settle(response.data);
    else this.#problem('a message that is neither a reply nor a notification');
  }

  #settle({ id, result, error }: ResponseMessage): void {
    if (typeof id !== 'number') {
      this.#problem(error === undefined ? 'a reply without an id' : `an error without an id: ${error.message}`);
      return;
    }
    const pending = this.#take(id);
    // Its deadline has passed: the caller has gone.
    if (pending === undefined) return;
    if (error !== undefined) {
      pending.reject(refusalOf(error));
      return;
    }
    const decoded = REQUESTS[pending.method].result.safeParse(result);
    if (decoded.success) {
      pending.resolve(decoded.data);
      return;
    }
    this.#problem(`a reply to "${pending.method}" that is not as agreed: ${explainMismatch(decoded.error)}`);
    const hint = 'Engine and program may be of different versions: restart the engine.';
    pending.reject(
      new RpcRefusal({ kind: 'unexpected', message: 'The engine’s reply could not be understood.', hint }),
    );
  }

  #notify(method: string, params: unknown): void {
    if (!isNotificationName(method)) {
      this.#problem('a notification of an unknown name');
      return;
    }
    const decoded = NOTIFICATIONS[method].safeParse(params);
    if (!decoded.success) {
      this.#problem(`a notification "${method}" that is not as agreed: ${explainMismatch(decoded.error)}`);
      return;
    }
    for (const listener of this.#listeners.get(method) ?? []) listener(decoded.data);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending !== undefined) clearTimeout(pending.timer);
    this.#pending.delete(id);
    return pending;
  }

  #end(reason: string): void {
    this.#closedReason ??= reason;
    for (const id of this.#pending.keys()) this.#take(id)?.reject(disconnected(reason));
  }

  #problem(problem: string): void {
    this.#options.onProtocolError?.(problem);
  }
}

/** What tells a notification from a reply. */
function hasMethod(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'method' in message;
}

function isNotificationName(name: string): name is NotificationName {
  return Object.hasOwn(NOTIFICATIONS, name);
}

function refusalOf(error: NonNullable<ResponseMessage['error']>): RpcRefusal {
  return new RpcRefusal(error.data ?? { kind: 'unexpected', message: error.message, hint: '' });
}

function disconnected(reason: string): RpcDisconnected {
  return new RpcDisconnected(`The connection to the engine ended (${reason}).`);
}
