import type { OperationName } from './operation-name.ts';

/** What one kind of request has cost since the start or the last reset. */
export interface OperationCount {
  requests: number;
  /** Bytes of request bodies as they came over the wire, aws-chunked framing included. */
  requestBodyBytes: number;
  /** Bytes of reply bodies handed to the connection. */
  replyBodyBytes: number;
  /** Replies per HTTP status. */
  statuses: Record<string, number>;
  /** Requests that ended without a reply: reset, hung, or the client left. */
  unanswered: number;
}

/** One request in the log. Headers and signatures are not kept. */
export interface LoggedRequest {
  readonly sequence: number;
  readonly atMs: number;
  /** `Refused` where no operation was recognised. */
  readonly operation: OperationName | 'Refused';
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly partNumber: number | undefined;
  readonly uploadId: string | undefined;
  readonly requestBodyBytes: number;
  /** Undefined when no reply was sent. */
  readonly status: number | undefined;
}

export interface CountersSnapshot {
  readonly operations: Partial<Record<OperationName | 'Refused', OperationCount>>;
  readonly totalRequests: number;
  readonly totalRequestBodyBytes: number;
  readonly openUploads: number;
}

const LOG_LIMIT = 20_000;

/** Counts every request, also refused and injected ones, and keeps the last 20,000. */
export class Counters {
  readonly #openUploads: () => number;
  readonly #operations = new Map<OperationName | 'Refused', OperationCount>();
  #log: LoggedRequest[] = [];
  #sequence = 0;

  constructor(openUploads: () => number) {
    this.#openUploads = openUploads;
  }

  of(operation: OperationName | 'Refused'): OperationCount {
    let count = this.#operations.get(operation);
    if (count === undefined) {
      count = { requests: 0, requestBodyBytes: 0, replyBodyBytes: 0, statuses: {}, unanswered: 0 };
      this.#operations.set(operation, count);
    }
    return count;
  }

  /** Records how a request ended. */
  finished(request: Omit<LoggedRequest, 'sequence'>): void {
    const count = this.of(request.operation);
    if (request.status === undefined) count.unanswered += 1;
    else count.statuses[request.status] = (count.statuses[request.status] ?? 0) + 1;
    this.#log.push({ sequence: ++this.#sequence, ...request });
    // Trimmed by halves, so that a full log does not move on every request.
    if (this.#log.length > LOG_LIMIT * 2) this.#log = this.#log.slice(-LOG_LIMIT);
  }

  snapshot(): CountersSnapshot {
    const counts = [...this.#operations.values()];
    return {
      operations: structuredClone(Object.fromEntries(this.#operations)),
      totalRequests: counts.reduce((sum, count) => sum + count.requests, 0),
      totalRequestBodyBytes: counts.reduce((sum, count) => sum + count.requestBodyBytes, 0),
      openUploads: this.#openUploads(),
    };
  }

  /** The last requests, oldest first. */
  log(): LoggedRequest[] {
    return this.#log.slice(-LOG_LIMIT);
  }

  reset(): void {
    this.#operations.clear();
    this.#log = [];
  }
}
