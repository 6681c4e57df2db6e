import { assert } from '../core/assert.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { Clock, HttpClient, HttpReply } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { Sealer } from '../db/seal.ts';
import type { OperationChange, StoredOperation, StoredResponse, StoredVersion } from '../db/stored-operation.ts';
import { judgeReply } from '../remote/http/judge-reply.ts';
import { providerRequest, secretsOf, type ResolvedProvider } from '../remote/http/provider-request.ts';
import { didItHappen, mayCompareAfter } from './call-read-back.ts';
import { Stopped, type Attempt, type Executor, type Outcome } from './outcome.ts';
import { callSpec, type CallMemo, type CallSpec, type SealedCall } from './specs.ts';

/** Of a reply so much is kept in the row. */
const KEPT_BODY_BYTES = 64 * 1024;
/** Headers that are kept of a reply: what people and flows need, and never a cookie or a token. */
const KEPT_HEADERS = new Set([
  'content-type',
  'content-length',
  'date',
  'etag',
  'last-modified',
  'location',
  'retry-after',
  'x-request-id',
]);

export interface CallRules {
  readonly provider: ResolvedProvider;
  readonly idempotency: { readonly mode: 'key' | 'method' | 'none'; readonly windowMs: number };
}

export interface CallDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly http: HttpClient;
  readonly sealer: Sealer;
  /** Provider and rules of a call, secrets looked up; rejects with `config.*` where something is missing. */
  rules(operation: StoredOperation, url: string): Promise<CallRules>;
}

/** The purpose under which the secret part of a call is sealed. */
export const callPurpose = (id: string): string => `call:${id}`;
export const responsePurpose = (id: string): string => `response:${id}`;

/** Sends one HTTP call, effectively once (DESIGN section 8). */
export class CallExecutor implements Executor {
  readonly #deps: CallDeps;

  constructor(deps: CallDeps) {
    this.#deps = deps;
  }

  async run(operation: StoredOperation, attempt: Attempt): Promise<Outcome> {
    try {
      return await this.#send(operation, attempt);
    } catch (error) {
      if (error instanceof Stopped || attempt.commitSignal.aborted) return { kind: 'stopped' };
      if (!(error instanceof LongshoreError)) throw error;
      // Certain that nothing was sent: the next attempt is as good as the first.
      const settled = error.context.sent === false && !(operation.memo as CallMemo).unsettled;
      return { kind: 'failed', error, ...(settled ? { change: { memo: {} } } : {}) };
    }
  }

  async #send(operation: StoredOperation, attempt: Attempt): Promise<Outcome> {
    const { repos, clock, http } = this.#deps;
    const spec = callSpec(operation);
    const memo: CallMemo = operation.memo;
    const sealed = this.#open(operation);
    const rules = await this.#deps.rules(operation, sealed.url);
    if (memo.unsettled === true && !mayRepeat(spec.method, memo, rules.idempotency, clock.now())) {
      return { kind: 'failed', error: new LongshoreError('call.outcome-unknown', { sent: true }) };
    }
    const request = providerRequest(rules.provider, {
      method: spec.method,
      path: operation.provider === null ? pathOf(sealed.url) : sealed.url,
      headers: sealed.headers,
      body: sealed.body === null ? null : Buffer.from(sealed.body, 'utf8'),
      expectedVersion: spec.ifMatch,
      idempotencyKey: rules.idempotency.mode === 'none' ? null : operation.idempotencyKey,
    });
    attempt.signal.throwIfAborted();
    // Intent before the step: a crash from here on leaves an attempt whose outcome is unknown.
    const firstSentAt = memo.firstSentAt ?? clock.now();
    repos.operations.amend(operation, { memo: { firstSentAt, unsettled: true } });
    const reply = await http.send(
      { ...request, timeoutMs: Math.min(spec.timeoutMs, rules.provider.timeoutMs) },
      attempt.commitSignal,
    );
    const secrets = [...secretsOf(rules.provider), ...Object.values(sealed.headers)];
    const facts = {
      url: request.url,
      versionSent: spec.ifMatch !== null,
      earlierAmbiguous: memo.unsettled === true,
      secrets,
    };
    const verdict = judgeReply(facts, reply, clock.now());
    const response = this.#keep(operation, reply);
    switch (verdict.kind) {
      case 'succeeded':
        return success(reply, verdict.version, response, 'done');
      case 'conflict':
        return await this.#conflict(spec, request.url, rules, sealed, response, attempt);
      case 'read-back': {
        if (mayCompareAfter(spec.method)) {
          const now = await this.#read(request.url, rules, sealed, attempt);
          if (didItHappen(spec.method, sealed.body, now))
            return success(now, now.headers['etag'], response, 'done-before');
        }
        return await this.#conflict(spec, request.url, rules, sealed, response, attempt);
      }
      case 'error': {
        // A clear reply tells of its own attempt alone: what became of an earlier one is as open as before.
        const unsettled = verdict.error.context.sent === true || memo.unsettled === true;
        return { kind: 'failed', error: verdict.error, change: { response, memo: { firstSentAt, unsettled } } };
      }
    }
  }

  /** With the version that is there now, so that a person can choose. */
  async #conflict(
    spec: CallSpec,
    url: string,
    rules: CallRules,
    sealed: SealedCall,
    response: StoredResponse,
    attempt: Attempt,
  ): Promise<Outcome> {
    const base: StoredVersion | null = spec.ifMatch === null ? null : version(spec.ifMatch);
    let remote: StoredVersion | null = null;
    try {
      const etag = (await this.#read(url, rules, sealed, attempt)).headers['etag'];
      remote = etag === undefined ? null : version(etag);
    } catch (error) {
      if (!(error instanceof LongshoreError)) throw error;
    }
    return { kind: 'conflict', code: 'conflict.record', change: { response, memo: {} }, base, remote };
  }

  #read(url: string, rules: CallRules, sealed: SealedCall, attempt: Attempt): Promise<HttpReply> {
    const { provider } = rules;
    const path = url.slice(provider.baseUrl.length);
    const headers = Object.fromEntries(
      Object.entries(sealed.headers).filter(([name]) => !name.toLowerCase().startsWith('content-')),
    );
    const request = providerRequest(provider, {
      method: 'GET',
      path,
      headers,
      body: null,
      expectedVersion: null,
      idempotencyKey: null,
    });
    return this.#deps.http.send(request, attempt.commitSignal);
  }

  #open(operation: StoredOperation): SealedCall {
    assert(operation.sealed !== null, 'a call has a sealed part');
    return JSON.parse(this.#deps.sealer.open(operation.sealed, callPurpose(operation.id))) as SealedCall;
  }

  /** What of the reply is kept; its body sealed, as it may hold a token (P12). */
  #keep(operation: StoredOperation, reply: HttpReply): StoredResponse {
    const text = Buffer.from(reply.body.subarray(0, KEPT_BODY_BYTES)).toString('utf8');
    const sealed = Buffer.from(this.#deps.sealer.seal(text, responsePurpose(operation.id))).toString('base64');
    return {
      status: reply.status,
      headers: Object.fromEntries(Object.entries(reply.headers).filter(([name]) => KEPT_HEADERS.has(name))),
      body: sealed,
      truncated: reply.truncated || reply.body.byteLength > KEPT_BODY_BYTES,
    };
  }
}

/** A call to a bare URL is one to a provider that is its origin. */
function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

function version(etag: string): StoredVersion {
  return { etag, versionId: null, sizeBytes: null, lastModified: null };
}

function success(reply: HttpReply, etag: string | undefined, response: StoredResponse, result: string): Outcome {
  const change: OperationChange = {
    response,
    memo: {},
    externalUrl: reply.headers['location'] ?? null,
    ...(etag === undefined ? {} : { remote: version(etag) }),
  };
  return { kind: 'succeeded', change, details: { result, status: reply.status } };
}

/** Safe to send again although an earlier attempt may have worked: by its method, or under one key within the window. */
function mayRepeat(method: string, memo: CallMemo, idempotency: CallRules['idempotency'], now: number): boolean {
  // RFC 9110 section 9.2.2.
  if (['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'].includes(method)) return true;
  return idempotency.mode === 'key' && now - (memo.firstSentAt ?? 0) < idempotency.windowMs;
}
