import { RpcRefusal } from '../protocol/rpc-errors.ts';

/** What was asked for makes no sense as it stands. */
export function usage(message: string, hint: string): RpcRefusal {
  return new RpcRefusal({ kind: 'usage', message, hint });
}

/** There is nothing of that name. */
export function notFound(message: string, hint: string): RpcRefusal {
  return new RpcRefusal({ kind: 'not-found', message, hint });
}

/** Longshore can't do that yet. */
export function notAvailable(what: string): RpcRefusal {
  return new RpcRefusal({ kind: 'not-available', message: `${what} is not available yet.`, hint: '' });
}
