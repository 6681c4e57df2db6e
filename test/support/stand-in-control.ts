import type { CountersSnapshot, LoggedRequest } from '../../tools/s3/counters.ts';
import type { FaultRule } from '../../tools/s3/faults.ts';

/** Faults and counters of a stand-in that runs in a process of its own. */
export class StandInControl {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(endpoint: string, token: string) {
    this.#url = `${endpoint}/_control`;
    this.#headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  }

  async setFaults(rules: readonly FaultRule[]): Promise<void> {
    await this.#ask('PUT', 'faults', JSON.stringify(rules));
  }

  /** How many requests each rule has matched; they are counted when they arrive. */
  async seen(): Promise<readonly number[]> {
    return ((await this.#ask('GET', 'faults')) as { seen: number }[]).map(({ seen }) => seen);
  }

  async counters(): Promise<CountersSnapshot> {
    return (await this.#ask('GET', 'counters')) as CountersSnapshot;
  }

  async log(): Promise<readonly LoggedRequest[]> {
    return (await this.#ask('GET', 'log')) as LoggedRequest[];
  }

  /** Of put, complete, copy, delete: conditions there have no effect from now on. */
  async ignoreConditions(methods: readonly string[]): Promise<unknown> {
    return this.#ask('PUT', 'ignored-conditions', JSON.stringify(methods));
  }

  async #ask(method: string, path: string, body?: string): Promise<unknown> {
    const reply = await fetch(`${this.#url}/${path}`, {
      method,
      headers: this.#headers,
      ...(body === undefined ? {} : { body }),
    });
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
    return await reply.json();
  }
}
