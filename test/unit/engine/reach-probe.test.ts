import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/core/error-table.ts';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import { isAnswer } from '../../../src/engine/knock.ts';
import { ReachProbe } from '../../../src/engine/reach-probe.ts';
import { constantRandom, ManualClock } from '../../support/manual-clock.ts';

const MAIN = 'dest:main';

function makeProbe() {
  const clock = new ManualClock();
  const out = new Set<string>();
  const looks: number[] = [];
  const state: { answer: ErrorCode | 'ok' | 'silence'; reached: number } = { answer: 'net.refused', reached: 0 };
  const probe = new ReachProbe({
    clock,
    random: constantRandom(0),
    outOfReach: () => [...out],
    reach: async (_, signal) => {
      looks.push(clock.monotonicMs());
      if (state.answer === 'silence') {
        await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        });
      }
      if (state.answer !== 'ok') throw new LongshoreError(state.answer as ErrorCode);
    },
    onReached: (service) => {
      state.reached += 1;
      out.delete(service);
    },
  });
  /** Moves the clock in steps, so that what a look leads to happens at its own time. */
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 100) {
      clock.advance(Math.min(100, ms - at));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const lose = () => {
    out.add(MAIN);
    probe.update();
  };
  return { clock, out, looks, state, probe, pass, lose };
}

describe('looks at a service that is out of reach', () => {
  it('come soon, then less often, and never more than every ten seconds', async () => {
    const { looks, pass, lose, probe } = makeProbe();
    await pass(5000);
    expect(looks).toEqual([]);
    lose();
    await pass(60_000);
    expect(looks.slice(0, 4).map((at) => at - 5000)).toEqual([1000, 3000, 7000, 15_000]);
    expect(looks.slice(4).every((at, index) => at - (looks[index + 3] ?? 0) === 10_000 || index === 0)).toBe(true);
    expect(looks).toHaveLength(8);
    probe.stop();
  });

  it('become rare when nobody can be waiting any more', async () => {
    const { looks, pass, lose, probe } = makeProbe();
    lose();
    await pass(15 * 60_000);
    const before = looks.length;
    await pass(10 * 60_000);
    expect(looks.length - before).toBe(20);
    probe.stop();
  });

  it('end when it answers, also with a refusal, and tell so once', async () => {
    const { looks, state, clock, pass, lose } = makeProbe();
    lose();
    await pass(20_000);
    state.answer = 's3.access-denied';
    await pass(10_000);
    expect(state.reached).toBe(1);
    const last = looks.length;
    await pass(60_000);
    expect(looks).toHaveLength(last);
    expect(clock.armed).toBe(0);
  });

  it('go on growing apart when it is gone again at once, and begin anew after a while', async () => {
    const { looks, state, pass, lose, probe } = makeProbe();
    lose();
    await pass(16_000);
    state.answer = 'ok';
    await pass(10_000);
    expect(state.reached).toBe(1);
    state.answer = 'net.refused';
    lose();
    const before = looks.length;
    await pass(9900);
    expect(looks).toHaveLength(before);
    state.answer = 'ok';
    await pass(1000);
    expect(state.reached).toBe(2);
    await pass(61_000);
    state.answer = 'net.refused';
    lose();
    const rested = looks.length;
    await pass(1000);
    expect(looks).toHaveLength(rested + 1);
    probe.stop();
  });

  it('begin anew on another network', async () => {
    const { looks, pass, lose, probe } = makeProbe();
    lose();
    await pass(60_000);
    const before = looks.length;
    probe.startOver();
    await pass(3100);
    expect(looks.length - before).toBe(2);
    probe.stop();
  });

  it('end by themselves when nothing comes back, and stop when it is not asked for any more', async () => {
    const { out, looks, state, clock, pass, lose, probe } = makeProbe();
    state.answer = 'silence';
    lose();
    await pass(1000 + 15_000 + 2000);
    expect(looks).toHaveLength(2);
    out.clear();
    await pass(60_000);
    expect(looks).toHaveLength(2);
    expect(state.reached).toBe(0);
    probe.stop();
    expect(clock.armed).toBe(0);
  });
});

describe('an answer', () => {
  it.each(['s3.access-denied', 's3.bad-credentials', 's3.clock-skew', 's3.slow-down'] as const)('is %s', (code) => {
    expect(isAnswer(new LongshoreError(code))).toBe(true);
  });

  it.each([
    'net.refused',
    'net.captive-portal',
    'net.proxy',
    'net.reset',
    'net.stalled',
    'config.secret-missing',
    'config.credentials-missing',
    'internal.unknown',
  ] as const)('is not %s', (code) => {
    expect(isAnswer(new LongshoreError(code))).toBe(false);
    expect(isAnswer(new Error(code))).toBe(false);
  });
});
