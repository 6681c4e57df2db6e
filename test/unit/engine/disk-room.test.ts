import { describe, expect, it } from 'vitest';
import { DiskRoom, withoutFullDisks } from '../../../src/engine/disk-room.ts';
import { GateKeeper } from '../../../src/sync/gate-keeper.ts';
import type { Repositories } from '../../../src/db/repositories.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const FULL = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
const MIB = 1024 * 1024;

function room() {
  const gates = new GateKeeper(new ManualClock(), { fraction: () => 0, bytes: (count) => new Uint8Array(count) });
  const said: string[] = [];
  const disk = { full: true, trials: 0, checkpoints: 0 };
  const repos = {
    transaction: <T>(work: () => T): T => work(),
    settings: {
      set: () => {
        disk.trials += 1;
        if (disk.full) throw FULL;
      },
    },
    retention: { checkpoint: () => (disk.checkpoints += 1) > 0 },
  } as unknown as Repositories;
  const diskRoom = new DiskRoom({
    gates,
    repos,
    dataDir: '/data',
    onChange: () => said.push('change'),
    onRoom: () => said.push('room'),
    onTrouble: (error) => said.push((error as Error).message),
  });
  return { gates, said, disk, diskRoom };
}

describe('the room that the database has', () => {
  it('a write that was refused shuts the gate; it opens when there is room and a write has gone well', () => {
    const { gates, said, disk, diskRoom } = room();
    expect(diskRoom.isFull(FULL)).toBe(true);
    expect([gates.diskFull, gates.diskLow]).toEqual([true, true]);
    expect(said).toEqual([expect.stringContaining('/data'), 'change']);
    diskRoom.looked(10_000);
    expect([gates.diskFull, disk.trials], 'too little: nothing is tried').toEqual([true, 0]);
    diskRoom.looked(100 * MIB);
    expect([gates.diskFull, disk.trials], 'room, it seems, but the write is refused (a quota, say)').toEqual([true, 1]);
    disk.full = false;
    diskRoom.looked(100 * MIB);
    expect(gates.diskFull).toBe(false);
    expect(said.slice(2)).toEqual(['room', 'change']);
    expect(disk.checkpoints, 'the log was cut at each look meanwhile').toBe(3);
    diskRoom.looked(100 * MIB);
    expect(said).toHaveLength(4);
  });

  it('what else goes wrong is none of its business', () => {
    const { gates, diskRoom } = room();
    expect([diskRoom.isFull(new Error('x')), diskRoom.isFull(null), gates.diskFull]).toEqual([false, false, false]);
  });

  it('no part of the engine ends for it, and none tells it again', () => {
    const { diskRoom } = room();
    const heard: string[] = [];
    const hooks = withoutFullDisks(
      {
        onChange: () => undefined,
        onTrouble: (where) => heard.push(`trouble ${where}`),
        onFatal: (error) => heard.push(`fatal ${String(error)}`),
      },
      diskRoom,
    );
    hooks.onTrouble('drop', FULL);
    hooks.onFatal(FULL);
    expect(heard).toEqual([]);
    hooks.onTrouble('drop', new Error('another'));
    hooks.onFatal(new Error('a bug'));
    expect(heard).toEqual(['trouble drop', 'fatal Error: a bug']);
  });
});
