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

/** Room on the disk where the queue lies. */
export interface DiskFacts {
  readonly dataDir: string;
  /** Null while it is not known. */
  readonly freeBytes: number | null;
  /** `limits.minFreeDisk`. */
  readonly neededBytes: number;
  /** The queue could not be written. */
  readonly full: boolean;
}

/** Why files are held back on this machine: what is wrong, what waits for it, and how to mend it (P11). */
export function whyMachineHolds(
  gate: 'disk-low' | 'schedule-closed' | 'on-battery' | 'metered',
  disk: DiskFacts,
): string {
  switch (gate) {
    case 'disk-low': {
      const { dataDir, freeBytes, neededBytes, full } = disk;
      const mend = 'Free some space on it; Longshore goes on by itself.';
      if (full)
        return `The disk with ${dataDir} is full, and Longshore can't write to its queue there: nothing is taken up, sent or deleted. ${mend}`;
      const room = freeBytes === null ? 'No space is' : `Only ${sizeInWords(freeBytes)} are`;
      const need = neededBytes === 0 ? '' : `, ${sizeInWords(neededBytes)} are needed (limits.minFreeDisk)`;
      return `${room} free on the disk with ${dataDir}, where Longshore keeps its queue${need}: nothing new starts, and no delete is concluded. ${mend}`;
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

function sizeInWords(bytes: number): string {
  const [unit, name] = bytes < 2 ** 20 ? [2 ** 10, 'KiB'] : [2 ** 20, 'MiB'];
  return `${Math.floor(bytes / unit).toLocaleString('en')} ${name}`;
}
