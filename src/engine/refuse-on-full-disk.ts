import { asDatabaseError } from '../db/database-error.ts';
import { RpcRefusal } from '../protocol/rpc-errors.ts';

/** Handlers that say it in words when what was asked for can't be recorded for want of room. */
export function refusingOnFullDisk<H extends Readonly<Record<string, (...args: never[]) => Promise<unknown>>>>(
  handlers: H,
  dataDir: string,
): H {
  const refusing = Object.entries(handlers).map(([name, handle]) => {
    const guarded = async (...args: never[]): Promise<unknown> => {
      try {
        return await handle(...args);
      } catch (error) {
        if (asDatabaseError(error, dataDir)?.kind !== 'full') throw error;
        const message = `The disk with ${dataDir} is full: this could not be recorded, and nothing was changed.`;
        throw new RpcRefusal({ kind: 'state', message, hint: 'Free some space on that disk, then ask again.' });
      }
    };
    return [name, guarded] as const;
  });
  // Each has the name and the parameters of the one that it guards.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(refusing) as H;
}
