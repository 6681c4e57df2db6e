import { assertNever } from '../core/assert.ts';
import type { Gate } from '../core/operation.ts';
import type { EpochMs } from '../core/ports.ts';

/** A time within a sentence: to the second, UTC. */
export function timeInWords(at: EpochMs): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** What has to happen before an operation behind this gate starts (P11). `opensAt`: when it opens by itself, if it does. */
export function whatOpens(gate: Gate, opensAt: EpochMs | null): string {
  switch (gate) {
    case 'paused':
      return opensAt === null ? 'It starts when you resume.' : `It is paused until ${timeInWords(opensAt)}.`;
    case 'offline':
      return 'It starts when this computer is online again.';
    case 'unreachable':
      return opensAt === null
        ? 'The service is being tried now.'
        : `The service is tried again at ${timeInWords(opensAt)}.`;
    case 'schedule-closed':
      return opensAt === null
        ? 'It starts when its working hours begin.'
        : `It starts when working hours begin, at ${timeInWords(opensAt)}.`;
    case 'disk-low':
      return 'It starts when there is space on the disk of this computer.';
    case 'on-battery':
      return 'It starts when this computer is plugged in again.';
    case 'metered':
      return 'It starts when this computer is on a connection that is not metered.';
    case 'mass-delete':
      return 'It waits until you say whether so many deleted files are meant to go from the storage as well.';
    case 'folder-frozen':
      return 'It starts when the folder can be read again.';
    case 'not-configured':
      return 'It starts when its folder or provider is in the configuration again.';
    case 'circuit-open':
    case 'rate-limited':
      return 'It starts when its gate opens.';
    default:
      return assertNever(gate);
  }
}

/** Why files are held back on this machine. `free` is null while it is not known. */
export function whyMachineHolds(
  gate: 'disk-low' | 'schedule-closed' | 'on-battery' | 'metered',
  free: { readonly bytes: number | null; readonly neededBytes: number },
): string {
  switch (gate) {
    case 'disk-low': {
      const room = free.bytes === null ? 'No space is left' : `Only ${mebibytes(free.bytes)} are free`;
      const need = free.neededBytes === 0 ? '' : ` (${mebibytes(free.neededBytes)} are needed)`;
      return `${room} on the disk where Longshore keeps its queue${need}: nothing new starts, and no delete is concluded.`;
    }
    case 'schedule-closed':
      return 'Files are transferred in your working hours only.';
    case 'on-battery':
      return 'This computer runs on its battery, and files wait for the mains.';
    case 'metered':
      return 'The connection is metered, and files wait for another.';
    default:
      return assertNever(gate);
  }
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20).toLocaleString('en')} MiB`;
}
