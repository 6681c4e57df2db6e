/** An HTTP API in memory: orders that must be made once, and records with versions. */

export interface Effect {
  /** Which call of the scenario this was; null for another client. */
  readonly tag: string | null;
  readonly method: string;
  readonly path: string;
  readonly idempotencyKey: string | null;
}

export interface ServiceReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

interface SimRecord {
  readonly value: Readonly<Record<string, unknown>>;
  readonly version: number;
  /** The call that wrote it; null for another client. */
  readonly by: string | null;
}

/** Whoever knows Idempotency-Key remembers a reply so long, ms. */
const WINDOW_MS = 24 * 60 * 60_000;

export class Service {
  readonly effects: Effect[] = [];
  /** Keys that came with each call of the scenario. */
  readonly keysOf = new Map<string, Set<string>>();
  readonly #knowsKeys: boolean;
  readonly #now: () => number;
  readonly #records = new Map<string, SimRecord>();
  readonly #replies = new Map<string, { readonly reply: ServiceReply; readonly atMs: number }>();

  constructor(knowsKeys: boolean, now: () => number) {
    this.#knowsKeys = knowsKeys;
    this.#now = now;
  }

  record(path: string): SimRecord | null {
    return this.#records.get(path) ?? null;
  }

  version(path: string): string | null {
    const record = this.#records.get(path);
    return record === undefined ? null : `"v${record.version}"`;
  }

  /** Another client writes. */
  writeAsOther(path: string, value: Readonly<Record<string, unknown>>): void {
    this.#store(path, value, null);
  }

  handle(request: ServiceRequest): ServiceReply {
    const tag = request.headers['x-tag'] ?? null;
    const key = request.headers['idempotency-key'] ?? null;
    if (tag !== null && request.method !== 'GET') {
      const keys = this.keysOf.get(tag) ?? new Set<string>();
      this.keysOf.set(tag, keys.add(key ?? ''));
    }
    if (!this.#knowsKeys || key === null || request.method === 'GET') return this.#act(request, tag, key);
    const known = this.#replies.get(key);
    if (known !== undefined && this.#now() - known.atMs < WINDOW_MS) return known.reply;
    const reply = this.#act(request, tag, key);
    this.#replies.set(key, { reply, atMs: this.#now() });
    return reply;
  }

  #act(request: ServiceRequest, tag: string | null, idempotencyKey: string | null): ServiceReply {
    const { method, path, headers } = request;
    const record = this.#records.get(path);
    if (method === 'GET') return record === undefined ? plain(404) : shown(200, record);
    const value = request.body === null ? {} : (JSON.parse(request.body) as Record<string, unknown>);
    if (value['invalid'] === true) return plain(422);
    const expected = headers['if-match'];
    if (expected !== undefined && expected !== this.version(path)) return plain(412);
    const done = () => this.effects.push({ tag, method, path, idempotencyKey });
    switch (method) {
      case 'POST':
        done();
        return { status: 201, headers: { location: `${path}/${this.effects.length}` }, body: '{}' };
      case 'PUT':
        done();
        return shown(record === undefined ? 201 : 200, this.#store(path, value, tag));
      case 'PATCH':
        if (record === undefined) return plain(404);
        done();
        return shown(200, this.#store(path, { ...record.value, ...value }, tag));
      case 'DELETE':
        if (record === undefined) return plain(404);
        done();
        this.#records.delete(path);
        return plain(204);
      default:
        return plain(405);
    }
  }

  #store(path: string, value: Readonly<Record<string, unknown>>, by: string | null): SimRecord {
    const record: SimRecord = { value, version: (this.#records.get(path)?.version ?? 0) + 1, by };
    this.#records.set(path, record);
    return record;
  }
}

function plain(status: number): ServiceReply {
  return { status, headers: {}, body: '' };
}

function shown(status: number, record: SimRecord): ServiceReply {
  return {
    status,
    headers: { 'content-type': 'application/json', etag: `"v${record.version}"` },
    body: JSON.stringify(record.value),
  };
}
