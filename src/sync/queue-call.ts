import { createHash } from 'node:crypto';
import { newOperationId, newUuid } from '../core/ids.ts';
import type { Priority } from '../core/operation.ts';
import type { Clock, Random } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { Sealer } from '../db/seal.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import { callPurpose } from './call-executor.ts';
import { originLane, providerLane, type CallSpec, type SealedCall } from './specs.ts';

export interface NewCall {
  readonly method: string;
  /** A provider's name, or null for an absolute URL. */
  readonly provider: string | null;
  /** Absolute URL, or the path below the provider's address. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly ifMatch: string | null;
  readonly idempotencyKey: string | null;
  readonly resource: string | null;
  readonly priority: Priority;
  readonly timeoutMs: number;
}

export type QueuedCall =
  | { readonly kind: 'queued' | 'known'; readonly operation: StoredOperation }
  /** The same key was used for a different request. */
  | { readonly kind: 'key-reused'; readonly operation: StoredOperation };

/** Puts a call into the outbox. A producer that repeats a key gets the operation that is there already (DESIGN section 8). */
export function queueCall(
  deps: { readonly repos: Repositories; readonly clock: Clock; readonly random: Random; readonly sealer: Sealer },
  call: NewCall,
): QueuedCall {
  const { repos, clock, random, sealer } = deps;
  const lane = call.provider === null ? originLane(call.url) : providerLane(call.provider);
  const digest = requestDigest(call);
  return repos.transaction(() => {
    if (call.idempotencyKey !== null) {
      const known = repos.operations.byIdempotencyKey(lane, call.idempotencyKey);
      if (known !== null) return { kind: known.requestDigest === digest ? 'known' : 'key-reused', operation: known };
    }
    const id = newOperationId(clock, random);
    const sealed: SealedCall = { url: call.url, headers: call.headers, body: call.body };
    const spec: CallSpec = { method: call.method, ifMatch: call.ifMatch, timeoutMs: call.timeoutMs };
    const shownUrl = call.provider === null ? withoutQuery(call.url) : `${call.provider}:${withoutQuery(call.url)}`;
    const operation = repos.operations.insert({
      id,
      kind: 'api.call',
      priority: call.priority,
      lane,
      target: `${call.method} ${shownUrl}`,
      resourceKeys: resourceKeys(call),
      spec,
      sealed: sealer.seal(JSON.stringify(sealed), callPurpose(id)),
      provider: call.provider,
      bytesTotal: call.body === null ? 0 : Buffer.byteLength(call.body),
      idempotencyScope: lane,
      idempotencyKey: call.idempotencyKey ?? newUuid(clock, random),
      requestDigest: digest,
    });
    return { kind: 'queued', operation };
  });
}

/** DESIGN section 5: the named resource; else the URL for PUT, PATCH and DELETE; else none. */
function resourceKeys(call: NewCall): string[] {
  if (call.resource !== null) return [call.resource];
  if (!['PUT', 'PATCH', 'DELETE'].includes(call.method)) return [];
  return [call.provider === null ? withoutQuery(call.url) : `${call.provider}:${withoutQuery(call.url)}`];
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}

function requestDigest(call: NewCall): string {
  const headers = Object.entries(call.headers).map(([name, value]) => [name.toLowerCase(), value]);
  headers.sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([call.method, call.url, headers, call.body, call.ifMatch]))
    .digest('hex');
}
