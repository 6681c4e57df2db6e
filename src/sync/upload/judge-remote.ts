import type { RemoteObject } from '../../core/ports.ts';
import type { FoundConflict } from '../conflicts/conflict-rules.ts';
import type { Comparison } from './same-content.ts';
import type { Base } from './upload-context.ts';

/** What is found at the key, measured against what the upload expects there. */
export type Judgement =
  /** As expected: write under this condition. */
  | { readonly kind: 'go' }
  /** Our own attempt already did it; its reply was lost. */
  | { readonly kind: 'already-written' }
  /** Another hand wrote the very same bytes: nothing to send. */
  | { readonly kind: 'identical' }
  /** An earlier write of ours that was never recorded: it is the base now. */
  | { readonly kind: 'rebase' }
  | { readonly kind: 'conflict'; readonly code: FoundConflict['code'] };

/** By whom the remote object was written, as its metadata and our outbox tell. */
export type Author = 'this-operation' | 'earlier-operation' | 'someone-else';

/** Pure: DESIGN section 7. `content` is needed only where the version is not the expected one. */
export function judgeRemote(base: Base, remote: RemoteObject | null, author: Author, content: Comparison): Judgement {
  if (remote === null) return base === null ? { kind: 'go' } : { kind: 'conflict', code: 'conflict.deleted' };
  if (author === 'this-operation') return content === 'different' ? { kind: 'rebase' } : { kind: 'already-written' };
  if (base !== null && remote.etag === base.etag) return { kind: 'go' };
  if (content === 'same') return { kind: 'identical' };
  if (author === 'earlier-operation') return { kind: 'rebase' };
  return { kind: 'conflict', code: base === null ? 'conflict.exists' : 'conflict.changed' };
}
