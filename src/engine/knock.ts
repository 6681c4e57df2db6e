import type { LongshoreConfig } from '../config/config-types.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { HttpClient } from '../core/ports.ts';
import type { Service } from '../sync/gate-keeper.ts';
import { destinationService, isLoopback } from './lanes.ts';
import type { Targets } from './targets.ts';

/** For the reply of a provider, ms. */
const REPLY_TIMEOUT_MS = 10_000;

export interface KnockDeps {
  readonly config: () => LongshoreConfig;
  readonly targets: Pick<Targets, 'get'>;
  readonly http: HttpClient;
}

/** Asks services for a sign of life, each with the cheapest request that there is. */
export class Knock {
  readonly #deps: KnockDeps;

  constructor(deps: KnockDeps) {
    this.#deps = deps;
  }

  /** On this machine, where no network is needed. */
  isLocal(service: Service): boolean {
    return isLoopback(this.#addressOf(service) ?? '');
  }

  /** Rejects with what came of it; a refusal in the service's own words is one as well. */
  async at(service: Service, signal: AbortSignal): Promise<void> {
    const target = service.startsWith('dest:') ? this.#deps.targets.get(nameOf(service)) : null;
    if (target !== null) {
      await target.store.probe(signal);
      return;
    }
    const url = this.#addressOf(service);
    if (url === null) throw new LongshoreError('config.destination-missing', { subject: service });
    const timeoutMs = REPLY_TIMEOUT_MS;
    await this.#deps.http.send({ method: 'HEAD', url, headers: {}, body: null, timeoutMs, maxReplyBytes: 0 }, signal);
  }

  /** Whether any destination on another machine answers, asked all at once. False when there is none. */
  async anywhere(signal: AbortSignal): Promise<boolean> {
    const services = Object.keys(this.#deps.config().destinations).map(destinationService);
    const beyond = services.filter((service) => !this.isLocal(service));
    const answers = beyond.map((service) =>
      this.at(service, signal).then(
        () => true,
        (error: unknown) => !signal.aborted && isAnswer(error),
      ),
    );
    return (await Promise.all(answers)).includes(true);
  }

  /** Null when the configuration does not know it (any more). */
  #addressOf(service: Service): string | null {
    const { destinations, providers } = this.#deps.config();
    const name = nameOf(service);
    if (service.startsWith('dest:')) return destinations[name]?.endpoint ?? null;
    if (service.startsWith('provider:')) return providers[name]?.baseUrl ?? null;
    return name;
  }
}

/** What stands after the kind: `dest:NAME`, `provider:NAME`, `origin:URL`. */
function nameOf(service: Service): string {
  return service.slice(service.indexOf(':') + 1);
}

/** Whether the service itself was heard: a refusal is an answer; trouble on the way, or before it was asked, is none. */
export function isAnswer(error: unknown): boolean {
  if (!(error instanceof LongshoreError)) return false;
  return error.class !== 'unreachable' && !/^(?:net|config|internal)\./.test(error.code);
}
