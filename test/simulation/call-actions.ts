import { queueCall, type NewCall } from '../../src/sync/queue-call.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimMachine } from './sim-machine.ts';

/** Calls of which so many come with another one for the same record. */
const TWIN_EVERY = 3;

/** Calls that other programs of the machine hand over. */
export class CallActions {
  readonly #machine: SimMachine;
  #nextCall = 1;

  constructor(machine: SimMachine) {
    this.#machine = machine;
  }

  queue(random: SeededRandom): void {
    const { services } = this.#machine.world;
    const provider = random.pick(['keyed', 'keyed', 'plain'] as const);
    const method = random.pick(['POST', 'POST', 'PUT', 'PUT', 'PATCH', 'DELETE']);
    const path = method === 'POST' ? '/orders' : `/records/${random.below(3)}`;
    const tag = `${this.#machine.name}-call-${this.#nextCall}`;
    this.#nextCall += 1;
    const body = { title: tag, ...(random.chance(0.05) ? { invalid: true } : {}) };
    const versioned = method !== 'POST' && random.chance(0.5);
    const call: NewCall = {
      method,
      provider,
      url: path,
      headers: { 'x-tag': tag },
      body: method === 'DELETE' ? null : JSON.stringify(body),
      ifMatch: versioned ? (services.get(provider)?.version(path) ?? null) : null,
      idempotencyKey: random.chance(0.3) ? `key-${tag}` : null,
      resource: null,
      priority: random.pick(['low', 'normal', 'high', 'critical'] as const),
      timeoutMs: 60_000,
    };
    this.#queue(tag, call, random);
    if (this.#nextCall % TWIN_EVERY > 0 || method === 'POST') return;
    // In the same breath another one for the same record, which must not overtake it, however urgent it is.
    const twin = `${tag}-twin`;
    const more = { title: twin, seen: tag };
    const urgent: NewCall = {
      ...call,
      method: 'PUT',
      headers: { 'x-tag': twin },
      body: JSON.stringify(more),
      ifMatch: null,
      idempotencyKey: null,
      priority: 'critical',
    };
    this.#queue(twin, urgent, random);
  }

  #queue(tag: string, call: NewCall, random: SeededRandom): void {
    this.#machine.command(({ core, repos, clock, sealer }) => {
      const queued = queueCall({ repos, clock, random, sealer }, call);
      this.#machine.calls.set(tag, queued.operation.id);
      core.wake();
    });
  }
}
