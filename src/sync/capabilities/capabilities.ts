/** Writes that carry a condition, each of which a service may honour or ignore on its own (DESIGN section 7). */
export const CONDITIONAL_WRITES = [
  'put-create',
  'put-replace',
  'complete-create',
  'complete-replace',
  'copy-create',
  'copy-replace',
  'copy-source',
  'delete-match',
] as const;
export type ConditionalWrite = (typeof CONDITIONAL_WRITES)[number];

/** `unknown`: it was not found out, because of missing rights or an answer that makes no sense. */
export type Answer = 'yes' | 'no' | 'unknown';
/** `refused`: the service does not take the request at all when it has this condition ("not implemented"). */
export type ConditionAnswer = Answer | 'refused';

/** What a service was seen to do. */
export interface Capabilities {
  readonly conditions: Readonly<Record<ConditionalWrite, ConditionAnswer>>;
  /** Whether it reports a checksum of the whole object, of what went up in one PUT and of what went up in parts. */
  readonly checksums: { readonly put: Answer; readonly multipart: Answer };
  /** Whether the bucket keeps old versions: only then can a decision that replaced one be undone. */
  readonly versions: Answer;
}

export const UNKNOWN_CAPABILITIES: Capabilities = {
  conditions: {
    'put-create': 'unknown',
    'put-replace': 'unknown',
    'complete-create': 'unknown',
    'complete-replace': 'unknown',
    'copy-create': 'unknown',
    'copy-replace': 'unknown',
    'copy-source': 'unknown',
    'delete-match': 'unknown',
  },
  checksums: { put: 'unknown', multipart: 'unknown' },
  versions: 'unknown',
};

/** What is remembered of a destination. */
export interface KnownCapabilities {
  /** Null: not found out yet. */
  readonly checkedAt: number | null;
  /** The probe may not write, look or delete there. */
  readonly denied: boolean;
  /** A probe's object that may not be deleted. */
  readonly leftover: string | null;
  readonly capabilities: Capabilities;
}

export const NOTHING_KNOWN: KnownCapabilities = {
  checkedAt: null,
  denied: false,
  leftover: null,
  capabilities: UNKNOWN_CAPABILITIES,
};

/** True: the service is known to refuse a write whose condition does not hold. Else a look right before stands in. */
export function honours(capabilities: Capabilities, write: ConditionalWrite): boolean {
  return capabilities.conditions[write] === 'yes';
}

/** True: the service is known to refuse the write itself for having a condition; it is sent without, after a look. */
export function refuses(capabilities: Capabilities, write: ConditionalWrite): boolean {
  return capabilities.conditions[write] === 'refused';
}

/** The writes for which a look stands in. */
export function standIns(capabilities: Capabilities): readonly ConditionalWrite[] {
  return CONDITIONAL_WRITES.filter((write) => !honours(capabilities, write));
}
