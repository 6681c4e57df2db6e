import type { RpcFailure } from './contract.ts';

/** A refusal in words for people: thrown by handlers, carried over the wire, thrown again at the caller. */
export class RpcRefusal extends Error {
  override readonly name = 'RpcRefusal';
  readonly failure: RpcFailure;

  constructor(failure: RpcFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** The channel ended before the reply came: whether the request took effect is unknown. */
export class RpcDisconnected extends Error {
  override readonly name = 'RpcDisconnected';
}

/** No reply within the deadline: whether the request took effect is unknown. */
export class RpcDeadlineExceeded extends Error {
  override readonly name = 'RpcDeadlineExceeded';
}
