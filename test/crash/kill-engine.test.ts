import { randomInt } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCampaign, TRANSFERS, type CampaignResult } from '../support/crash-campaign.ts';
import type { BadLine } from '../support/fault-proxy.ts';
import { MIB, PART_BYTES } from '../support/engine-harness.ts';

const LEAST_KILLS = 25;
const KILLS = Math.max(LEAST_KILLS, Number(process.env['LONGSHORE_CRASH_KILLS'] ?? LEAST_KILLS));
const SEED = Number(process.env['LONGSHORE_CRASH_SEED'] ?? randomInt(2 ** 31));

/** `LONGSHORE_CRASH_BAD_LINE_KILLS=500` is the long campaign. */
const BAD_LINE_KILLS = Number(process.env['LONGSHORE_CRASH_BAD_LINE_KILLS'] ?? 10);
/** Several faults a life; a stall that the engine has to notice by itself. */
const BAD_LINE: BadLine = { bytesBetweenFaults: 12 * MIB, stallMs: 20_000, bytesPerSecond: 16 * MIB };

/** What the wire may carry twice: the parts in flight at each death, and a little for headers of the framing. */
const SLACK = 1.05;

const mebibytes = (bytes: number) => (bytes / MIB).toFixed(1);

describe.each([
  { title: 'kill -9 of the engine', kills: KILLS, earlyKills: 5, serverDiesToo: false, badLine: null },
  { title: 'kill -9 on a bad line', kills: BAD_LINE_KILLS, earlyKills: 2, serverDiesToo: false, badLine: BAD_LINE },
  { title: 'kill -9 of engine and server', kills: 5, earlyKills: 0, serverDiesToo: true, badLine: null },
])('$title', (plan) => {
  let result: CampaignResult;
  const unedited = () => [...result.states].filter(([, states]) => states.length === 1).map(([key]) => key);
  const deaths = () => result.kills.length + result.earlyKills;
  const sentTwice = () => {
    const keys = new Set(unedited());
    const sent = result.requests
      .filter(({ operation, key }) => (operation === 'UploadPart' || operation === 'PutObject') && keys.has(key ?? ''))
      .reduce((sum, { requestBodyBytes }) => sum + requestBodyBytes, 0);
    return sent - [...keys].reduce((sum, key) => sum + (result.sizes.get(key) ?? 0), 0);
  };
  const lineFaults = () => Object.values(result.lineFaults).reduce((sum, count) => sum + count, 0);
  // A connection carries one part: each fault of the line costs one at most.
  const bound = () => (deaths() * TRANSFERS + lineFaults()) * PART_BYTES * SLACK;

  beforeAll(
    async () => {
      console.log(`${plan.title}: seed ${SEED} (LONGSHORE_CRASH_SEED repeats it)`);
      const start = performance.now();
      result = await runCampaign({ ...plan, seed: SEED });
      const mismatches = [...result.states].filter(
        ([key, states]) => result.history.get(key)?.at(-1) !== states.at(-1),
      );
      console.table({
        kills: result.kills.length,
        'early kills': result.earlyKills,
        objects: result.history.size,
        mismatches: mismatches.length,
        'MiB in all': mebibytes([...result.sizes.values()].reduce((sum, size) => sum + size, 0)),
        ...(plan.serverDiesToo ? {} : { 'MiB sent twice': mebibytes(sentTwice()), 'MiB bound': mebibytes(bound()) }),
        ...(plan.badLine === null ? {} : result.lineFaults),
        'leaked uploads': result.openUploads,
        'calls acknowledged': result.acknowledgedCalls.length,
        'set aside and retried': result.poisoned,
        seconds: Math.round((performance.now() - start) / 1000),
      });
    },
    240_000 + plan.kills * 15_000,
  );

  it('premise: every kill hit a living engine in the middle of an upload', () => {
    expect(result.kills.length).toBe(plan.kills);
    for (const kill of result.kills) {
      expect(kill.signal).toBe('SIGKILL');
      expect(kill.openUploads).toBeGreaterThan(0);
      expect(kill.bytesThisLife).toBeGreaterThan(0);
    }
  });

  it('P1: every call that was acknowledged is there, and was done', () => {
    expect(result.acknowledgedCalls.length).toBeGreaterThan(plan.kills / 2);
    const calls = new Map(result.operations.filter(({ kind }) => kind === 'api.call').map((call) => [call.id, call]));
    for (const id of result.acknowledgedCalls) expect(calls.get(id)).toMatchObject({ state: 'succeeded' });
  });

  it('P2: every file is in the storage in its last state, and nothing is left over in the queue', () => {
    expect(result.lastExitCode).toBe(0);
    expect([...result.history.keys()].sort()).toEqual([...result.states.keys()].sort());
    for (const [key, states] of result.states)
      expect([key, result.history.get(key)?.at(-1)]).toEqual([key, states.at(-1)]);
    expect(result.operations.filter(({ state }) => !['succeeded', 'superseded'].includes(state))).toEqual([]);
    for (const key of result.states.keys()) {
      const mine = result.operations.filter(({ path }) => `drop/${path}` === key);
      expect([key, mine.at(-1)?.state]).toEqual([key, 'succeeded']);
    }
  });

  it('P3: nothing that ever was visible was anything but a state that the file had', () => {
    for (const [key, versions] of result.history) {
      const states = result.states.get(key) ?? [];
      expect([key, versions.filter((version) => !states.includes(version))]).toEqual([key, []]);
    }
  });

  it('P5: every state was written at most once, and every call kept its key', () => {
    for (const [key, versions] of result.history) {
      expect([key, versions.length]).toEqual([key, new Set(versions).size]);
    }
    for (const key of unedited()) {
      expect([key, result.operations.filter(({ path }) => `drop/${path}` === key).length]).toEqual([key, 1]);
    }
    expect(new Set(result.callKeys).size).toBe(result.operations.filter(({ kind }) => kind === 'api.call').length);
  });

  it.runIf(!plan.serverDiesToo)('P6: at most the parts in flight are sent again', () => {
    expect(result.requests.length).toBeLessThan(20_000);
    expect(sentTwice()).toBeGreaterThan(0);
    expect(sentTwice()).toBeLessThanOrEqual(bound());
  });

  it.runIf(!plan.serverDiesToo)('P6: no upload that has a part is begun anew', () => {
    for (const key of unedited()) {
      const withParts = result.requests.filter(
        (request) => request.key === key && request.operation === 'UploadPart' && request.status === 200,
      );
      expect([key, new Set(withParts.map(({ uploadId }) => uploadId)).size]).toEqual([
        key,
        withParts.length > 0 ? 1 : 0,
      ]);
    }
  });

  it('P7: no multipart upload is left open', () => {
    expect(result.openUploads).toBe(0);
  });
});
