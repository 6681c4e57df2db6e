import type { Params } from '../protocol/contract.ts';
import { queueCall, type QueuedCall } from '../sync/queue-call.ts';
import { isLoopback } from './lanes.ts';
import { usage } from './refusals.ts';
import type { SyncCore } from './sync-core.ts';
import { unknownName } from './unknown-name.ts';

const DEFAULT_CALL_TIMEOUT_MS = 60_000;

/** RFC 9110 section 9.3 and RFC 5789, without CONNECT and TRACE. A typing error must not wait in a queue. */
const CALL_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Queues a call of a program. Throws an RpcRefusal, in words, where it could never be sent. */
export function enqueueCall(
  core: SyncCore,
  deps: Omit<Parameters<typeof queueCall>[0], 'repos'>,
  params: Params<'call'>,
): QueuedCall {
  if (!CALL_METHODS.includes(params.method))
    throw usage(`${params.method} is not a method of HTTP.`, `Use one of ${CALL_METHODS.join(', ')}.`);
  const { provider, url } = callTarget(core, params.target);
  const queued = queueCall(
    { ...deps, repos: core.repos },
    {
      method: params.method,
      provider,
      url,
      headers: params.headers ?? {},
      body: params.body ?? null,
      ifMatch: params.ifMatch ?? null,
      idempotencyKey: params.idempotencyKey ?? null,
      resource: params.resource ?? null,
      priority: params.priority ?? 'normal',
      timeoutMs: params.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS,
    },
  );
  if (queued.kind === 'key-reused') {
    throw usage(
      `The idempotency key was used for another request (${queued.operation.id}).`,
      'Use a key of its own for each different request.',
    );
  }
  core.wake();
  return queued;
}

/** `provider:/path` or an absolute URL. Plain http leaves this machine only where a provider allows it in words. */
function callTarget(core: SyncCore, target: string): { readonly provider: string | null; readonly url: string } {
  const match = /^([^:/?#]+):(\/(?!\/).*)$/s.exec(target);
  if (match !== null) {
    const [, name = '', path = ''] = match;
    if (core.config.providers[name] === undefined) {
      const { message, hint } = unknownName(core.config, 'provider', name).failure;
      throw usage(message, `${hint} A whole URL does as well.`);
    }
    return { provider: name, url: path };
  }
  const url = URL.canParse(target) ? new URL(target) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw usage(
      `"${target.slice(0, 200)}" is neither a URL nor provider:/path.`,
      'Example: https://api.example.com/items',
    );
  }
  if (url.username !== '' || url.password !== '')
    throw usage('The URL holds a password.', 'Use a provider with auth, or an Authorization header.');
  if (url.protocol === 'http:' && !isLoopback(target)) {
    throw usage(
      'Plain http would send this call readable to all.',
      'Use https, or a provider with allowInsecureHttp: true.',
    );
  }
  return { provider: null, url: url.href };
}
