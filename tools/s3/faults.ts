import type { OperationName } from './operation-name.ts';

/** When a fault strikes: before the request has changed anything, or after it has. */
export type FaultMoment = 'before-effect' | 'after-effect';

/** One way to misbehave. */
export type Fault =
  | { readonly kind: 'latency'; readonly delayMs: number }
  /** Slows request and reply bodies alike. */
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number }
  /** Resets the connection (TCP RST). */
  | { readonly kind: 'reset'; readonly when: FaultMoment }
  /** Resets the connection once `afterBytes` of the request body came in. */
  | { readonly kind: 'reset-mid-body'; readonly afterBytes: number }
  /** An error document. Status 200 makes the error-inside-200 that Complete and Copy can give. */
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code: string;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
      readonly when?: FaultMoment;
    }
  /** Ends the connection after `afterBytes` of the reply body; a reply without body is cut in its status line. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** Never answers; the connection stays open until the client or the server closes it. */
  | { readonly kind: 'hang'; readonly when: FaultMoment };

/** Which requests a fault strikes. A field left out matches everything. */
export interface FaultRule {
  readonly operation?: OperationName | readonly OperationName[];
  readonly bucket?: string;
  /** The exact key. */
  readonly key?: string;
  /** A regular expression that the key must match. */
  readonly keyPattern?: string;
  /** Only for UploadPart and UploadPartCopy. */
  readonly partNumber?: number;
  /** The first matching request to strike, from 1. Default 1. */
  readonly nth?: number;
  /** How many matching requests to strike from then on. Default: all. */
  readonly times?: number;
  readonly fault: Fault;
}

export interface FaultSubject {
  readonly operation: OperationName;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly partNumber: number | undefined;
}

interface ArmedRule {
  readonly rule: FaultRule;
  readonly pattern: RegExp | undefined;
  seen: number;
  struck: number;
}

function matches({ rule, pattern }: ArmedRule, subject: FaultSubject): boolean {
  const { operation, bucket, key, partNumber } = rule;
  if (operation !== undefined && ![operation].flat().includes(subject.operation)) return false;
  if (bucket !== undefined && bucket !== subject.bucket) return false;
  if (key !== undefined && key !== subject.key) return false;
  if (pattern !== undefined && !pattern.test(subject.key ?? '')) return false;
  return partNumber === undefined || partNumber === subject.partNumber;
}

/** The faults that are armed. Rules are counted and struck independently, in the order they were added. */
export class FaultPlan {
  #armed: ArmedRule[] = [];

  /** Arms a rule; the returned function disarms it. @throws SyntaxError for a bad `keyPattern`. */
  add(rule: FaultRule): () => void {
    const pattern = rule.keyPattern === undefined ? undefined : new RegExp(rule.keyPattern, 'u');
    const armed: ArmedRule = { rule, pattern, seen: 0, struck: 0 };
    this.#armed.push(armed);
    return () => {
      this.#armed = this.#armed.filter((other) => other !== armed);
    };
  }

  clear(): void {
    this.#armed = [];
  }

  /** The armed rules, with how many requests each has matched and struck. */
  rules(): { rule: FaultRule; seen: number; struck: number }[] {
    return this.#armed.map(({ rule, seen, struck }) => ({ rule, seen, struck }));
  }

  /** Counts a request against every rule and returns the faults that strike it. */
  strike(subject: FaultSubject): Fault[] {
    const faults: Fault[] = [];
    for (const armed of this.#armed) {
      if (!matches(armed, subject)) continue;
      armed.seen += 1;
      const { nth = 1, times = Infinity, fault } = armed.rule;
      if (armed.seen < nth || armed.seen >= nth + times) continue;
      armed.struck += 1;
      faults.push(fault);
    }
    return faults;
  }
}
