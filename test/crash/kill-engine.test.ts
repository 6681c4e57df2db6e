import { randomInt } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCampaign, type CampaignResult } from '../support/crash-campaign.ts';
import { crashFigures, crashTable, storyOf, unedited, type CrashFigures } from '../support/crash-figures.ts';
import { MIB } from '../support/engine-harness.ts';
import type { BadLine } from '../support/fault-proxy.ts';

const LEAST_KILLS = 25;
const KILLS = Math.max(LEAST_KILLS, Number(process.env['LONGSHORE_CRASH_KILLS'] ?? LEAST_KILLS));
const SEED = Number(process.env['LONGSHORE_CRASH_SEED'] ?? randomInt(2 ** 31));

/** `LONGSHORE_CRASH_BAD_LINE_KILLS=500` is the long campaign. */
const BAD_LINE_KILLS = Number(process.env['LONGSHORE_CRASH_BAD_LINE_KILLS'] ?? 21);
/** Ends a long campaign early; the table says how far it came. */
const MINUTES = Number(process.env['LONGSHORE_CRASH_MINUTES'] ?? Number.POSITIVE_INFINITY);
/** Several faults a life; a stall that the engine has to notice by itself. */
const BAD_LINE: BadLine = { bytesBetweenFaults: 12 * MIB, stallMs: 20_000, bytesPerSecond: 16 * MIB };
/** On a machine that others load, a life does not always come to its moment in time. */
const LEAST_HITS = 0.75;

/** So many kills hit each kind of moment more than once. */
const MANY = 60;
const ON_ITS_WAY = ['put', 'create', 'part', 'complete', 'copy', 'delete', 'archive'];

describe.each([
  {
    title: 'kill -9 of the engine',
    kills: KILLS,
    everyMoment: false,
    earlyKills: 5,
    serverDiesToo: false,
    badLine: null,
  },
  {
    title: 'kill -9 at every moment on a bad line',
    kills: BAD_LINE_KILLS,
    everyMoment: true,
    earlyKills: 0,
    serverDiesToo: false,
    badLine: BAD_LINE,
  },
  {
    title: 'kill -9 of engine and server',
    kills: 5,
    everyMoment: false,
    earlyKills: 0,
    serverDiesToo: true,
    badLine: null,
  },
])('$title', (plan) => {
  let result: CampaignResult;
  let figures: CrashFigures;
  const stories = (keys: readonly string[]) => keys.map((key) => storyOf(result, key));

  beforeAll(
    async () => {
      console.log(`${plan.title}: seed ${SEED} (LONGSHORE_CRASH_SEED repeats it)`);
      const start = performance.now();
      result = await runCampaign({ ...plan, seed: SEED, minutes: MINUTES });
      figures = crashFigures(result);
      console.log(crashTable(plan.title, result, (performance.now() - start) / 1000));
    },
    300_000 + plan.kills * 15_000,
  );

  it('premise: every kill hit a living engine', () => {
    if (MINUTES === Number.POSITIVE_INFINITY) expect(result.kills.length).toBe(plan.kills);
    expect(result.kills.length).toBeGreaterThan(0);
    for (const kill of result.kills) expect(kill.signal).toBe('SIGKILL');
  });

  it.runIf(!plan.everyMoment)('premise: every kill hit the middle of an upload', () => {
    for (const kill of result.kills) {
      expect(kill.openUploads).toBeGreaterThan(0);
      expect(kill.bytesThisLife).toBeGreaterThan(0);
    }
  });

  it.runIf(plan.everyMoment)('premise: kills hit every kind of moment', () => {
    for (const name of result.kills.length < MANY ? [] : ON_ITS_WAY) {
      const mine = result.kills.filter(({ moment }) => moment === name);
      expect([name, mine.some(({ hit }) => hit)]).toEqual([name, true]);
    }
    expect(result.kills.filter(({ hit }) => hit).length).toBeGreaterThan(LEAST_HITS * result.kills.length);
  });

  it('P1: every call that was acknowledged is there, and was done', () => {
    expect(result.acknowledgedCalls.length).toBeGreaterThan(result.kills.length / (plan.everyMoment ? 5 : 2));
    const calls = new Map(result.operations.filter(({ kind }) => kind === 'api.call').map((call) => [call.id, call]));
    for (const id of result.acknowledgedCalls) expect(calls.get(id)).toMatchObject({ state: 'succeeded' });
  });

  it('P2: every file is in the storage in its last state, and nothing is left over in the queue', () => {
    expect(result.lastExitCode).toBe(0);
    expect(stories(figures.mismatches)).toEqual([]);
    expect(result.operations.filter(({ state }) => !['succeeded', 'superseded'].includes(state))).toEqual([]);
    for (const key of result.states.keys()) {
      if (!key.startsWith('drop/')) continue;
      const mine = result.operations.filter(({ path }) => `drop/${path}` === key);
      expect([key, mine.at(-1)?.state]).toEqual([key, 'succeeded']);
    }
  });

  it('P3: nothing that ever was visible was anything but a state that the file had', () => {
    for (const [key, { versions }] of result.past) {
      const states = result.states.get(key) ?? [];
      expect([key, versions.filter((version) => !states.includes(version))]).toEqual([key, []]);
    }
  });

  it('P4: nothing was deleted but what its user had deleted or moved', () => {
    const deleted = [...result.past].filter(([, { deletes }]) => deletes > 0).map(([key]) => key);
    expect(deleted.filter((key) => !result.gone.has(key))).toEqual([]);
  });

  it('P5: every state was written at most once, and every call kept its key', () => {
    expect(stories(figures.duplicates)).toEqual([]);
    for (const key of unedited(result)) {
      const mine = result.operations.filter(({ path, folder }) => `${folder}/${path}` === key);
      expect([key, mine.length]).toEqual([key, 1]);
    }
    expect(new Set(result.callKeys).size).toBe(result.operations.filter(({ kind }) => kind === 'api.call').length);
  });

  it.runIf(!plan.serverDiesToo)('P6: at most the parts in flight are sent again', () => {
    const sentTwice = figures.wireBytes - figures.sizeBytes;
    expect(sentTwice).toBeGreaterThan(0);
    expect(sentTwice).toBeLessThanOrEqual(figures.boundBytes);
  });

  it.runIf(!plan.serverDiesToo)('P6: no upload that has a part is begun anew', () => {
    for (const key of unedited(result)) {
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

  it.runIf(plan.everyMoment)(
    'P13: every file that was archived is in the archive once, whole, and nothing else is',
    () => {
      const inbox = [...result.states].flatMap(([key, states]) => (key.startsWith('inbox/') ? states.slice(-1) : []));
      expect([...result.archive.values()].sort()).toEqual(inbox.sort());
    },
  );
});
