import type { OperationView } from '../../src/protocol/shapes.ts';

export type ItemAction =
  | 'keep-local'
  | 'keep-remote'
  | 'keep-both'
  /** Of a file deleted here and changed there: it goes there as well. */
  | 'delete-theirs'
  /** Of a file deleted there and changed here. */
  | 'upload-again'
  | 'leave-deleted'
  | 'retry'
  | 'retry-new-key'
  | 'resume'
  | 'pause'
  | 'open-remote'
  | 'reveal'
  | 'cancel';

function hasLocalFile(op: OperationView): boolean {
  switch (op.kind) {
    case 'file.upload':
    case 'file.move':
      return op.path !== null;
    case 'file.download':
      return op.path !== null && op.state === 'succeeded';
    case 'file.delete':
    case 'api.call':
    case 'flow.run':
      return false;
  }
}

/** The choices that a conflict has: what one side has deleted can't be kept beside the other. */
function choicesFor(op: OperationView): readonly ItemAction[] {
  if (op.kind === 'file.delete') return ['keep-remote', 'delete-theirs'];
  if (op.error?.code === 'conflict.deleted') return ['upload-again', 'leave-deleted'];
  // A move that changed the old name's object is told by the same code as one that met another at the new name.
  const beside = op.kind === 'file.upload' || (op.kind === 'file.move' && op.error?.code === 'conflict.exists');
  return ['keep-local', 'keep-remote', ...(beside ? (['keep-both'] as const) : [])];
}

/** What a person can do about an operation now, the likeliest first. The engine has the last word. */
export function actionsFor(op: OperationView): readonly ItemAction[] {
  const local: ItemAction[] = hasLocalFile(op) ? ['reveal'] : [];
  const remote: ItemAction[] =
    op.externalUrl !== null || (op.state === 'succeeded' && (op.kind === 'file.upload' || op.kind === 'file.move'))
      ? ['open-remote']
      : [];
  switch (op.state) {
    case 'conflict':
      return [...choicesFor(op), ...local, 'cancel'];
    case 'failed':
      return [op.error?.code === 'call.outcome-unknown' ? 'retry-new-key' : 'retry', ...local, 'cancel'];
    case 'running':
    case 'pending':
    case 'waiting':
      return [op.pausedUntil === null ? 'pause' : 'resume', ...local, 'cancel'];
    case 'compensating':
      return local;
    case 'succeeded':
      return [...remote, ...local];
    case 'cancelled':
    case 'superseded':
      return local;
  }
}
