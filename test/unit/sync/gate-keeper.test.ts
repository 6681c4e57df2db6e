import { describe, expect, it } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import { STATES } from '../../../src/core/states.ts';
import { FOREVER } from '../../../src/db/stored-operation.ts';
import { gateOfOperation, GateKeeper, type LaneInfo } from '../../../src/sync/gate-keeper.ts';
import { constantRandom, ManualClock, NOON } from '../../support/manual-clock.ts';
import { bringTo, makeOutbox, queueUpload } from '../../support/outbox.ts';

const LANE: LaneInfo = {
  lane: 'folder:drop',
  service: 'dest:main',
  pauseScopes: ['all', 'folder:drop'],
  loopback: false,
  gate: null,
};
const REFUSED = new LongshoreError('net.refused');

function keeper(fraction = 0): { readonly gates: GateKeeper; readonly clock: ManualClock } {
  const clock = new ManualClock();
  return { gates: new GateKeeper(clock, constantRandom(fraction)), clock };
}

describe('P9: a pause', () => {
  it('shuts the lanes of its scope, and them alone', () => {
    const { gates } = keeper();
    gates.setPauses([{ scope: 'folder:drop', until: FOREVER }]);
    expect(gates.gateOf(LANE)).toBe('paused');
    expect(gates.allowance(LANE)).toBe('none');
    expect(gates.gateOf({ ...LANE, lane: 'folder:other', pauseScopes: ['all', 'folder:other'] })).toBeNull();
    gates.setPauses([]);
    expect(gates.allowance(LANE)).toBe('all');
  });

  it('ends by itself at its time, and tells when that is', () => {
    const { gates, clock } = keeper();
    gates.setPauses([
      { scope: 'all', until: NOON + 60_000 },
      { scope: 'folder:x', until: FOREVER },
    ]);
    expect(gates.nextChange(clock.now())).toBe(NOON + 60_000);
    expect(gates.pausedUntil('all')).toBe(NOON + 60_000);
    clock.advance(59_999);
    expect(gates.gateOf(LANE)).toBe('paused');
    clock.advance(1);
    expect(gates.gateOf(LANE)).toBeNull();
    expect(gates.nextChange(clock.now())).toBeNull();
    expect(gates.pausedUntil('all')).toBeNull();
    expect(gates.pausedUntil('folder:x')).toBe(FOREVER);
  });
});

describe('a service out of reach', () => {
  it('is looked at after 1, 2, 4 … seconds, at most a minute apart', () => {
    const { gates, clock } = keeper();
    const waits: number[] = [];
    for (let turn = 0; turn < 9; turn += 1) {
      gates.failedToReach('dest:main', REFUSED);
      const at = gates.unreachable('dest:main')?.nextTryAt ?? 0;
      waits.push(at - clock.now());
      clock.advance(at - clock.now());
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(gates.unreachable('dest:main')?.since).toBe(NOON);
  });

  it('is looked at a little earlier by chance, never later', () => {
    const { gates } = keeper(0.999);
    gates.failedToReach('dest:main', REFUSED);
    const at = gates.unreachable('dest:main')?.nextTryAt ?? 0;
    expect(at - NOON).toBeGreaterThanOrEqual(800);
    expect(at - NOON).toBeLessThan(1000);
  });

  it('counts a crowd of failures as one look', () => {
    const { gates } = keeper();
    for (let each = 0; each < 100; each += 1) gates.failedToReach('dest:main', REFUSED);
    expect(gates.unreachable('dest:main')?.nextTryAt).toBe(NOON + 1000);
  });

  it('gets one probe when its time has come', () => {
    const { gates, clock } = keeper();
    gates.failedToReach('dest:main', REFUSED);
    expect(gates.gateOf(LANE)).toBe('unreachable');
    expect(gates.allowance(LANE)).toBe('none');
    expect(gates.nextChange(clock.now())).toBe(NOON + 1000);
    clock.advance(1000);
    expect(gates.allowance(LANE)).toBe('probe');
    gates.startProbe('dest:main');
    expect(gates.allowance(LANE)).toBe('none');
    expect(gates.nextChange(clock.now())).toBeNull();
    gates.failedToReach('dest:main', REFUSED);
    expect(gates.unreachable('dest:main')?.nextTryAt).toBe(clock.now() + 2000);
    clock.advance(2000);
    gates.startProbe('dest:main');
    expect(gates.reached('dest:main')).toBe(true);
    expect(gates.allowance(LANE)).toBe('all');
    expect(gates.reached('dest:main')).toBe(false);
  });

  it('may be probed again when the probe ended without an answer', () => {
    const { gates, clock } = keeper();
    gates.failedToReach('dest:main', REFUSED);
    clock.advance(1000);
    gates.startProbe('dest:main');
    gates.probeEnded('dest:main');
    expect(gates.allowance(LANE)).toBe('probe');
  });

  it('takes the failure of a probe for a look although the clock was set back meanwhile', () => {
    const { gates, clock } = keeper();
    gates.failedToReach('dest:main', REFUSED);
    clock.advance(1000);
    gates.startProbe('dest:main');
    clock.jump(-60_000);
    gates.failedToReach('dest:main', REFUSED);
    expect(gates.unreachable('dest:main')?.nextTryAt).toBe(clock.now() + 2000);
  });

  it('P10: shuts no other service', () => {
    const { gates } = keeper();
    gates.failedToReach('dest:main', REFUSED);
    expect(gates.allowance({ ...LANE, service: 'dest:other' })).toBe('all');
  });

  it('is looked at at once when the network comes back, or somebody asks', () => {
    const { gates, clock } = keeper();
    for (let turn = 0; turn < 6; turn += 1) {
      gates.failedToReach('dest:main', REFUSED);
      clock.advance(60_000);
    }
    gates.failedToReach('dest:main', REFUSED);
    gates.setOffline(true);
    expect(gates.allowance(LANE)).toBe('none');
    gates.setOffline(false);
    expect(gates.allowance(LANE)).toBe('probe');
    gates.startProbe('dest:main');
    gates.failedToReach('dest:main', REFUSED);
    expect(gates.unreachable('dest:main')?.nextTryAt, 'backoff starts anew').toBe(clock.now() + 1000);
  });

  it('remembers whether a service ever answered', () => {
    const { gates } = keeper();
    expect(gates.wasReached('dest:main')).toBe(false);
    gates.reached('dest:main');
    gates.failedToReach('dest:main', REFUSED);
    expect(gates.wasReached('dest:main')).toBe(true);
  });
});

describe('the gate of a lane', () => {
  it('is offline for the world, never for this machine', () => {
    const { gates } = keeper();
    gates.setOffline(true);
    expect(gates.gateOf(LANE)).toBe('offline');
    expect(gates.gateOf({ ...LANE, loopback: true })).toBeNull();
  });

  it('names the reason that a person can do something about first', () => {
    const { gates } = keeper();
    gates.failedToReach('dest:main', REFUSED);
    expect(gates.gateOf(LANE)).toBe('unreachable');
    gates.setOffline(true);
    expect(gates.gateOf(LANE)).toBe('offline');
    gates.setDiskFull(true);
    expect(gates.gateOf(LANE)).toBe('disk-low');
    expect(gates.gateOf({ ...LANE, gate: 'folder-frozen' })).toBe('folder-frozen');
    gates.setPauses([{ scope: 'all', until: FOREVER }]);
    expect(gates.gateOf({ ...LANE, gate: 'folder-frozen' })).toBe('paused');
  });

  it.each(STATES)('is shown by operations that wait for it alone: %s', (state) => {
    const outbox = makeOutbox();
    const operation = bringTo(outbox, queueUpload(outbox, 'a'), state);
    const waits = state === 'pending' || state === 'waiting';
    expect(gateOfOperation(operation, 'offline', NOON)).toBe(waits ? 'offline' : null);
    expect(gateOfOperation({ ...operation, heldUntil: NOON + 1 }, null, NOON)).toBe(waits ? 'paused' : null);
    expect(gateOfOperation({ ...operation, heldUntil: NOON }, null, NOON)).toBeNull();
  });
});

describe('gates of the machine', () => {
  const NONE = { workingHours: [], pauseOnBattery: false, pauseOnMetered: false, minFreeDiskBytes: 0 };
  const CALLS: LaneInfo = { ...LANE, lane: 'provider:crm', service: 'provider:crm' };
  const MIB = 2 ** 20;

  it('hold back files where the configuration says so, and no calls', () => {
    const { gates } = keeper();
    gates.setRules(NONE);
    gates.setPower({ onBattery: true, metered: true });
    expect([gates.gateOf(LANE), gates.machineGates()]).toEqual([null, []]);
    gates.setRules({ ...NONE, pauseOnMetered: true });
    expect([gates.gateOf(LANE), gates.gateOf(CALLS)]).toEqual(['metered', null]);
    expect(gates.gateOf({ ...LANE, loopback: true }), 'nobody pays for this machine').toBeNull();
    gates.setRules({ ...NONE, pauseOnBattery: true, pauseOnMetered: true });
    expect(gates.gateOf(LANE)).toBe('on-battery');
    expect(gates.gateOf({ ...LANE, lane: 'deletes:drop' })).toBe('on-battery');
    expect(gates.stopsTransfers(LANE)).toBe(true);
    expect(gates.machineGates()).toEqual(['on-battery', 'metered']);
    gates.setPower({ onBattery: false, metered: false });
    expect([gates.gateOf(LANE), gates.stopsTransfers(LANE)]).toEqual([null, false]);
  });

  it('the disk: shut below the limit, open again only a tenth above it', () => {
    const { gates } = keeper();
    gates.setRules({ ...NONE, minFreeDiskBytes: 200 * MIB });
    expect(gates.diskLow).toBe(false);
    const after = (mebibytes: number) => {
      gates.setFreeDisk(mebibytes * MIB);
      return gates.gateOf(LANE);
    };
    expect([200, 199, 201, 219, 221, 200, 199].map(after)).toEqual([
      null,
      'disk-low',
      'disk-low',
      'disk-low',
      null,
      null,
      'disk-low',
    ]);
    expect(gates.gateOf(CALLS), 'a call needs its row as well').toBe('disk-low');
    expect(gates.stopsTransfers(LANE), 'what runs may end').toBe(false);
    gates.setRules({ ...NONE, minFreeDiskBytes: 100 * MIB });
    expect(gates.gateOf(LANE), 'another limit holds at once').toBeNull();
    gates.setRules(NONE);
    expect(after(0)).toBeNull();
  });

  it('the disk: what the database says itself counts beside', () => {
    const { gates } = keeper();
    gates.setDiskFull(true);
    gates.setFreeDisk(1e12);
    expect([gates.diskLow, gates.gateOf(LANE)]).toEqual([true, 'disk-low']);
    gates.setDiskFull(true);
    expect(gates.freeDiskBytes, 'seen before a write was refused').toBeNull();
    gates.setDiskFull(false);
    expect(gates.gateOf(LANE)).toBeNull();
  });

  it('takes over what another keeper knows of services that stayed as they were', () => {
    const { gates: before } = keeper();
    before.reached('dest:a');
    before.failedToReach('dest:b', new LongshoreError('net.refused'));
    before.startProbe('dest:b');
    before.reached('dest:c');
    const { gates } = keeper();
    gates.inherit(before, ['dest:a', 'dest:b']);
    expect(['dest:a', 'dest:b', 'dest:c'].map((service) => gates.wasReached(service))).toEqual([true, false, false]);
    expect(gates.unreachable('dest:b')?.error.code).toBe('net.refused');
    gates.lookAgainNow();
    expect(gates.allowance({ ...LANE, service: 'dest:b' }), 'its probe died with the other').toBe('probe');
  });

  it('working hours: shut outside of them, and they tell when they begin and end', () => {
    const { gates, clock } = keeper();
    const now = new Date(clock.now());
    const minute = now.getHours() * 60 + now.getMinutes();
    const window = { days: [now.getDay()], fromMinute: minute + 10, toMinute: minute + 20 };
    gates.setRules({ ...NONE, workingHours: [window] });
    expect([gates.gateOf(LANE), gates.gateOf(CALLS)]).toEqual(['schedule-closed', null]);
    expect([gates.workingHoursBegin(), gates.nextChange(clock.now())]).toEqual([NOON + 600_000, NOON + 600_000]);
    clock.advance(600_000);
    expect([gates.gateOf(LANE), gates.workingHoursBegin()]).toEqual([null, null]);
    expect(gates.nextChange(clock.now())).toBe(NOON + 1_200_000);
    clock.advance(600_000);
    expect([gates.gateOf(LANE), gates.stopsTransfers(LANE)]).toEqual(['schedule-closed', true]);
  });
});
