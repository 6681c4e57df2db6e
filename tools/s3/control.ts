import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Counters } from './counters.ts';
import { OPERATION_NAMES } from './operation-name.ts';
import type { FaultPlan, FaultRule } from './faults.ts';
import { CONDITIONAL_METHODS, type ConditionalMethod } from './ignored-conditions.ts';

/** No bucket can be called this. */
export const CONTROL_PATH = '/_control/';

const BODY_LIMIT_BYTES = 256 * 1024;
const FAULT_KINDS = ['latency', 'bandwidth', 'reset', 'reset-mid-body', 'error', 'truncate', 'hang'];

export interface ControlTarget {
  readonly token: string;
  readonly faults: FaultPlan;
  readonly counters: Counters;
  readonly ignoredConditions: Set<ConditionalMethod>;
}

/** Digests have one length, which is what comparing in constant time needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function sameToken(given: string | undefined, token: string): boolean {
  return timingSafeEqual(digest(given ?? ''), digest(`Bearer ${token}`));
}

async function readJson(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > BODY_LIMIT_BYTES) throw new TypeError('the body is too large');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
}

/** A mistyped rule would silently never strike and make a test that can't fail, so the names are checked. */
function assertRule(value: unknown): FaultRule {
  const rule = value as FaultRule | null;
  const kind = (rule?.fault as { kind?: unknown } | undefined)?.kind;
  if (rule === null || typeof rule !== 'object' || !FAULT_KINDS.includes(String(kind))) {
    throw new TypeError(`each rule needs a fault of one kind of: ${FAULT_KINDS.join(', ')}`);
  }
  const known = new Set(['operation', 'bucket', 'key', 'keyPattern', 'partNumber', 'nth', 'times', 'fault']);
  const unknown = Object.keys(rule).find((name) => !known.has(name));
  if (unknown !== undefined) throw new TypeError(`a rule has no field ${unknown}`);
  for (const operation of [rule.operation ?? []].flat()) {
    if (!OPERATION_NAMES.includes(operation)) throw new TypeError(`there is no operation ${operation}`);
  }
  return rule;
}

function assertMethod(value: unknown): ConditionalMethod {
  const method = CONDITIONAL_METHODS.find((one) => one === value);
  if (method === undefined) throw new TypeError(`each method is one of: ${CONDITIONAL_METHODS.join(', ')}`);
  return method;
}

async function answer(message: IncomingMessage, target: ControlTarget): Promise<unknown> {
  const { faults, counters, ignoredConditions } = target;
  switch (`${message.method} ${(message.url ?? '').slice(CONTROL_PATH.length)}`) {
    case 'GET faults':
      return faults.rules();
    case 'PUT faults': {
      const given = await readJson(message);
      if (!Array.isArray(given)) throw new TypeError('the body must be a list of rules');
      const rules = given.map(assertRule);
      faults.clear();
      for (const rule of rules) faults.add(rule);
      return faults.rules();
    }
    case 'DELETE faults':
      faults.clear();
      return [];
    case 'GET ignored-conditions':
      return [...ignoredConditions];
    case 'PUT ignored-conditions': {
      const given = await readJson(message);
      if (!Array.isArray(given)) throw new TypeError('the body must be a list of methods');
      const methods = given.map(assertMethod);
      ignoredConditions.clear();
      for (const method of methods) ignoredConditions.add(method);
      return methods;
    }
    case 'GET counters':
      return counters.snapshot();
    case 'DELETE counters':
      counters.reset();
      return counters.snapshot();
    case 'GET log':
      return counters.log();
    default:
      return undefined;
  }
}

/**
 * Serves `GET|PUT|DELETE faults`, `GET|PUT ignored-conditions`, `GET|DELETE counters` and `GET log` under the control path, as JSON, to whoever holds
 * the token.
 */
export async function serveControl(
  message: IncomingMessage,
  response: ServerResponse,
  target: ControlTarget,
): Promise<void> {
  const reply = (status: number, value: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(value)}\n`);
  };
  if (!sameToken(message.headers.authorization, target.token)) {
    reply(401, { error: 'the control path wants its bearer token' });
    return;
  }
  try {
    const value = await answer(message, target);
    if (value === undefined) reply(404, { error: 'there is no such control' });
    else reply(200, value);
  } catch (error) {
    reply(400, { error: error instanceof Error ? error.message : String(error) });
  }
}
