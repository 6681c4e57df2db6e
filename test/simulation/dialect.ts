import type { WriteCondition } from '../../src/core/ports.ts';
import type { ConditionalWrite } from '../../src/sync/capabilities/capabilities.ts';

/** In what services differ, fixed for a run. */
export interface Dialect {
  readonly repeatedComplete: 'same' | 'gone';
  /** False: the service keeps no checksum of its own and reports none; ETags are all there is. */
  readonly reportsChecksums: boolean;
  /** False: ETags are opaque, as with KMS encryption. */
  readonly etagIsMd5: boolean;
  /** True: what was replaced or deleted can still be had by its version id. */
  readonly versioned: boolean;
  /** Writes whose conditions are looked at; many services answer 200 to the others. */
  readonly honours: ReadonlySet<ConditionalWrite>;
}

/** Null: it has no condition. */
export function conditioned(
  step: 'put' | 'complete' | 'copy',
  condition: WriteCondition | null,
): ConditionalWrite | null {
  return condition === null ? null : `${step}-${condition.kind}`;
}
