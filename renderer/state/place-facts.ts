/** What is to be known of the storage that an item goes to, beyond the item. */
import type { OperationView, StatusView } from '../../src/protocol/shapes.ts';

type Destination = StatusView['destinations'][number];

/** A smaller difference between two clocks is nothing that a person would notice, s. */
const NOTEWORTHY_SKEW_SECONDS = 5;

/** How far the clock of a storage is ahead of this computer's, s; null when it is right, or not known. */
export function noteworthySkew({ clockSkewSeconds }: Pick<Destination, 'clockSkewSeconds'>): number | null {
  return clockSkewSeconds !== null && Math.abs(clockSkewSeconds) >= NOTEWORTHY_SKEW_SECONDS ? clockSkewSeconds : null;
}

/** The first word of the names that the engine has for conditional writes. */
const WRITES: Record<OperationView['kind'], readonly string[]> = {
  'file.upload': ['put', 'complete'],
  'file.move': ['copy', 'put', 'complete', 'delete'],
  'file.delete': ['delete'],
  'file.download': [],
  'api.call': [],
  'flow.run': [],
};

/** Longshore looks for itself before each write of this kind, as the storage does not honour its conditions. */
export function looksBefore(kind: OperationView['kind'], { capabilities }: Pick<Destination, 'capabilities'>): boolean {
  if (capabilities === undefined || capabilities.checkedAt === null) return false;
  return capabilities.standIns.some((write) => WRITES[kind].some((prefix) => write.startsWith(`${prefix}-`)));
}

/** Where an item goes, by its folder; null for calls, and when the folder is not configured any more. */
export function destinationOf(op: Pick<OperationView, 'folder'>, status: StatusView | null): Destination | null {
  const folder = status?.folders.find((one) => one.name === op.folder);
  return status?.destinations.find((one) => one.name === folder?.destination) ?? null;
}
