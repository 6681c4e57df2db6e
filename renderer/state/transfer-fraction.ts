import type { OperationView } from '../../src/protocol/shapes.ts';

/** How much of a running operation's bytes is through, 0 to 1; null where no bytes pass here: a delete, a copy at the service. */
export function transferFraction({ phase, bytesDone, bytesTotal }: OperationView): number | null {
  if (bytesTotal === null || bytesTotal === 0 || phase === 'copying' || phase === 'deleting') return null;
  return bytesDone / bytesTotal;
}
