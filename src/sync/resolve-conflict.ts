import type { StoredOperation } from '../db/stored-operation.ts';
import { applyDecision } from './conflicts/apply-decision.ts';
import type { ConflictDeps } from './conflicts/conflict-rules.ts';
import { refusedAs, type Refused } from './commands.ts';
import { placeTrouble } from './folder-place.ts';
import { callSpec, type CallSpec } from './specs.ts';

export type Keep = 'local' | 'remote' | 'both' | 'merge';

/** Ends a conflict as a person decided (DESIGN section 7). Null when done. */
export function resolveConflict(deps: ConflictDeps, id: string, keep: Keep): Refused | null {
  const operation = deps.repos.operations.byId(id);
  if (operation === null) return { id, reason: 'there is no such item' };
  if (operation.state !== 'conflict') return { id, reason: `it is ${operation.state}, not in conflict` };
  // Where it leads by now, none of the two versions may be; once the folder was looked at it begins anew there.
  if (placeTrouble(deps.repos, operation, deps.rules(operation).place) === 'folder.another-place')
    return refusedAs(id, 'folder.another-place');
  if (keep === 'merge') return { id, reason: 'merging is not available yet' };
  return deps.repos.transaction(() =>
    operation.kind === 'api.call'
      ? resolveCall(deps, operation, keep)
      : applyDecision(deps, operation, keep, { kind: 'person' }),
  );
}

function resolveCall(
  deps: Pick<ConflictDeps, 'repos'>,
  operation: StoredOperation,
  keep: 'local' | 'remote' | 'both',
): Refused | null {
  const note = {
    type: 'resolved',
    source: 'external',
    details: { keep, base: operation.base, remote: operation.remote },
  } as const;
  if (keep === 'both') return { id: operation.id, reason: 'a record has one version: keep local or remote' };
  if (keep === 'remote') {
    deps.repos.operations.transition(operation, 'succeed', { error: null }, note);
    return null;
  }
  const version = operation.remote?.etag;
  if (version === undefined)
    return { id: operation.id, reason: 'the present version of the record is not known: queue a new call' };
  const spec: CallSpec = { ...callSpec(operation), ifMatch: version };
  deps.repos.operations.transition(operation, 'requeue', { attempts: 0, error: null, spec, memo: {} }, note);
  return null;
}
