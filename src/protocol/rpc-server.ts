import { LongshoreError } from '../core/longshore-error.ts';
import { MessageTooLarge, type Channel } from './channel.ts';
import { NOTIFICATIONS, REQUESTS } from './contract.ts';
import type { Method, Notification, NotificationName, Params, Result, RpcFailure } from './contract.ts';
import { RpcRefusal } from './rpc-errors.ts';
import { explainMismatch, failureReply, MAX_PENDING_REQUESTS, requestMessage, successReply } from './rpc-message.ts';
import type { RequestId } from './rpc-message.ts';

/** One client, as handlers see it. */
export interface RpcConnection {
  /** Unique within the server. */
  readonly id: number;
  /** Aborted when the connection ends. */
  readonly closed: AbortSignal;
  /** Sends a notification; a connection that has ended takes it silently. */
  notify<N extends NotificationName>(name: N, params: Notification<N>): void;
}

export type RpcHandlers = {
  readonly [M in Method]: (params: Params<M>, connection: RpcConnection) => Promise<Result<M>>;
};

export interface RpcServerOptions {
  /** A method without a handler is refused as not available. */
  readonly handlers: Partial<RpcHandlers>;
  /** Unexpected errors in full, for the log: callers only get the reference. */
  readonly onUnexpected?: (error: unknown, where: { method: string; reference: string }) => void;
  readonly maxPending?: number;
}

/** Serves the contract on any number of channels. Params, results and notifications are decoded by their schemas. */
export class RpcServer {
  readonly #options: RpcServerOptions;
  readonly #connections = new Set<ServerConnection>();
  #lastId = 0;

  constructor(options: RpcServerOptions) {
    this.#options = options;
  }

  get connections(): ReadonlySet<RpcConnection> {
    return this.#connections;
  }

  /** Serves this channel until it closes. */
  accept(channel: Channel): RpcConnection {
    this.#lastId += 1;
    const connection = new ServerConnection(this.#lastId, channel, this.#options);
    this.#connections.add(connection);
    channel.onClose(() => {
      this.#connections.delete(connection);
      connection.end();
    });
    connection.start();
    return connection;
  }

  /** Ends all connections; what handlers still do comes to its end without a reply. */
  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}

class ServerConnection implements RpcConnection {
  readonly id: number;
  readonly #channel: Channel;
  readonly #options: RpcServerOptions;
  readonly #ended = new AbortController();
  #pending = 0;

  constructor(id: number, channel: Channel, options: RpcServerOptions) {
    this.id = id;
    this.#channel = channel;
    this.#options = options;
  }

  get closed(): AbortSignal {
    return this.#ended.signal;
  }

  start(): void {
    this.#channel.onMessage((message) => void this.#receive(message));
  }

  end(): void {
    this.#ended.abort();
  }

  close(): void {
    this.#channel.close();
  }

  notify<N extends NotificationName>(name: N, params: Notification<N>): void {
    if (this.#ended.signal.aborted) return;
    // Parsed on the way out as well: what the contract does not name stays inside.
    const decoded = NOTIFICATIONS[name].safeParse(params);
    if (decoded.success) this.#sendOrDrop({ jsonrpc: '2.0', method: name, params: decoded.data }, name);
    else this.#unexpected(decoded.error, name, `${this.id}`);
  }

  async #receive(message: unknown): Promise<void> {
    const request = requestMessage.safeParse(message);
    if (!request.success) {
      this.#refuseMalformed(message);
      return;
    }
    const { id, method, params } = request.data;
    if (this.#pending >= (this.#options.maxPending ?? MAX_PENDING_REQUESTS)) {
      this.#reply(id, method, failureReply(id, TOO_MANY));
      return;
    }
    this.#pending += 1;
    try {
      this.#reply(id, method, successReply(id, await this.#answer(method, params)));
    } catch (error) {
      this.#reply(id, method, failureReply(id, this.#failureOf(error, method, id)));
    } finally {
      this.#pending -= 1;
    }
  }

  async #answer(method: string, params: unknown): Promise<unknown> {
    if (!isMethod(method))
      throw new RpcRefusal({ kind: 'not-available', message: 'There is no such method.', hint: '' });
    const { params: paramsShape, result: resultShape } = REQUESTS[method];
    const decoded = paramsShape.safeParse(params ?? {});
    if (!decoded.success) {
      const message = `The request "${method}" is not valid (${explainMismatch(decoded.error)}).`;
      throw new RpcRefusal({ kind: 'usage', message, hint: 'Correct it and send it again.' });
    }
    // The handler under `method` takes what the schema under the same `method` has just decoded; TypeScript can't see
    // that the two lookups go together.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const handler = this.#options.handlers[method] as
      ((params: unknown, connection: RpcConnection) => Promise<unknown>) | undefined;
    if (handler === undefined) {
      const message = `"${method}" is not available here.`;
      throw new RpcRefusal({ kind: 'not-available', message, hint: 'It needs a running engine: longshore run.' });
    }
    return resultShape.parse(await handler(decoded.data, this));
  }

  #reply(id: RequestId, method: string, reply: unknown): void {
    try {
      this.#channel.send(reply);
    } catch (error) {
      if (!(error instanceof MessageTooLarge)) throw error;
      const failure = { kind: 'state', message: 'The reply is too large.', hint: 'Ask for fewer items.' } as const;
      this.#sendOrDrop(failureReply(id, failure), method);
    }
  }

  #sendOrDrop(message: unknown, method: string): void {
    try {
      this.#channel.send(message);
    } catch (error) {
      if (!(error instanceof MessageTooLarge)) throw error;
      // The client sees the gap in the sequence numbers and takes a snapshot.
      this.#unexpected(error, method, `${this.id}`);
    }
  }

  #refuseMalformed(message: unknown): void {
    // A notification from the client: JSON-RPC forbids a reply, and none is known.
    if (typeof message === 'object' && message !== null && 'method' in message && !('id' in message)) return;
    const failure = { kind: 'usage', message: 'This is no JSON-RPC 2.0 request.', hint: '' } as const;
    this.#sendOrDrop(failureReply(null, failure, -32_600), 'malformed');
  }

  #failureOf(error: unknown, method: string, id: RequestId): RpcFailure {
    if (error instanceof RpcRefusal) return error.failure;
    const reference = `${this.id}-${id}`;
    this.#unexpected(error, method, reference);
    // Message and hint come from the one table of errors; detail and cause may hold what is nobody's business.
    if (error instanceof LongshoreError) return { kind: 'unexpected', message: error.message, hint: error.hint };
    const hint = `The engine’s log has the details (request ${reference}).`;
    return { kind: 'unexpected', message: 'Something unexpected went wrong in the engine.', hint };
  }

  #unexpected(error: unknown, method: string, reference: string): void {
    this.#options.onUnexpected?.(error, { method, reference });
  }
}

const TOO_MANY: RpcFailure = {
  kind: 'state',
  message: 'Too many requests are under way on this connection.',
  hint: 'Wait for replies before sending more.',
};

function isMethod(method: string): method is Method {
  return Object.hasOwn(REQUESTS, method);
}
