import { LongshoreError } from '../../src/core/longshore-error.ts';
import type { HttpClient, HttpReply, HttpRequest } from '../../src/core/ports.ts';
import type { RequestFault } from './faults.ts';
import type { Service, ServiceReply } from './service.ts';
import { latency, type Road } from './sim-store.ts';
import type { Life } from './virtual-time.ts';

const LATE_MS = 400;

const FAULTS: readonly RequestFault[] = [
  'refused',
  'reset-before',
  'reset-after',
  'error-before',
  'error-after',
  'slow-down',
  'stall-before',
  'stall-after',
];

/** The HTTP client of the simulation: services by origin, with all that can go wrong on the way. */
export class SimHttp implements HttpClient {
  readonly #services: ReadonlyMap<string, { readonly service: Service; readonly road: Road }>;
  readonly #life: Life;

  constructor(services: ReadonlyMap<string, { readonly service: Service; readonly road: Road }>, life: Life) {
    this.#services = services;
    this.#life = life;
  }

  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
    const url = new URL(request.url);
    const there = this.#services.get(url.origin);
    if (there === undefined) throw new LongshoreError('net.dns', { sent: false, subject: url.origin });
    const { service, road } = there;
    const body = request.body === null ? null : Buffer.from(request.body).toString();
    const effect = () => service.handle({ method: request.method, path: url.pathname, headers: request.headers, body });
    const about = { label: `http ${request.method}`, subject: request.headers['x-tag'] ?? request.url, commit: true };
    const reply = await road.wire.send(this.#life, about, this.#course(road, url.origin, request, effect), signal);
    return { ...reply, body: Buffer.from(reply.body), truncated: false };
  }

  refreshConnections(): void {
    // Connections belong to the wire.
  }

  #course(road: Road, origin: string, request: HttpRequest, effect: () => ServiceReply) {
    const { random, faults } = road;
    const course = { travelMs: latency(random), replyMs: latency(random), effect, lateMs: LATE_MS };
    const failed = (code: 'net.refused' | 'net.reset' | 'net.timeout', sent: boolean) =>
      new LongshoreError(code, { sent, subject: origin });
    const fault = road.reachable ? faults.among(FAULTS, 'http') : 'refused';
    switch (fault) {
      case null:
        return course;
      case 'refused':
        return { ...course, failure: failed('net.refused', false), noEffect: true };
      case 'reset-before':
        return { ...course, failure: failed('net.reset', true), noEffect: true };
      case 'reset-after':
        return { ...course, failure: failed('net.reset', true) };
      case 'error-before':
        return { ...course, effect: () => said(500) };
      case 'error-after':
        return {
          ...course,
          effect: () => {
            effect();
            return said(500);
          },
        };
      case 'slow-down':
        return { ...course, effect: () => said(503, random.chance(0.5) ? { 'retry-after': '7' } : {}) };
      case 'stall-before':
        return { ...course, travelMs: request.timeoutMs, failure: failed('net.timeout', true), noEffect: true };
      case 'stall-after':
        return { ...course, replyMs: request.timeoutMs, failure: failed('net.timeout', true) };
      case 'race':
      case 'busy':
      case 'mismatch':
      case 'bare':
      case 'denied':
      case 'truncated':
        throw new Error('not among them');
    }
  }
}

function said(status: number, headers: Readonly<Record<string, string>> = {}): ServiceReply {
  return { status, headers, body: '' };
}
