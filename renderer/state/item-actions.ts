import type { OperationView } from '../../src/protocol/shapes.ts';

export type ItemAction =
  | 'keep-local'
  | 'keep-remote'
  | 'keep-both'
  | 'retry'
  | 'retry-new-key'
  | 'resume'
  | 'pause'
  | 'open-remote'
  | 'reveal'
  | 'cancel';

function hasLocalFile(op: OperationView): boolean {
  return op.path !== null && op.kind.startsWith('file.') && op.kind !== 'file.delete';
}

/** What a person can do about an operation now, the likeliest first. The engine has the last word. */
export function actionsFor(op: OperationView): readonly ItemAction[] {
  const local: ItemAction[] = hasLocalFile(op) ? ['reveal'] : [];
  const remote: ItemAction[] =
    op.externalUrl !== null || (op.state === 'succeeded' && (op.kind === 'file.upload' || op.kind === 'file.move'))
      ? ['open-remote']
      : [];
  switch (op.state) {
    case 'conflict': {
      const both: ItemAction[] = op.kind === 'file.upload' ? ['keep-both'] : [];
      return ['keep-local', 'keep-remote', ...both, ...local, 'cancel'];
    }
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
