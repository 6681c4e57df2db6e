import { describe, expect, it } from 'vitest';
import { IdleMemory } from '../../../src/engine/idle-memory.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function watched() {
  const clock = new ManualClock();
  const done: string[] = [];
  const state = { idle: false };
  const memory = { favourSpeed: () => done.push('speed'), giveBack: () => done.push('give back') };
  const idle = new IdleMemory(clock, memory, () => state.idle);
  idle.start();
  return { clock, done, state, idle };
}

describe('memory of an idle engine', () => {
  it('is given back once, 20 s after the work is done', () => {
    const { clock, done, state } = watched();
    clock.advance(60_000);
    expect(done).toEqual([]);
    state.idle = true;
    clock.advance(19_999);
    expect(done).toEqual([]);
    clock.advance(600_000);
    expect(done).toEqual(['give back']);
  });

  it('work in between makes it wait anew', () => {
    const { clock, done, state } = watched();
    state.idle = true;
    clock.advance(15_000);
    state.idle = false;
    clock.advance(5000);
    state.idle = true;
    clock.advance(15_000);
    expect(done).toEqual([]);
    clock.advance(5000);
    expect(done).toEqual(['give back']);
  });

  it('new work has speed first again, and its memory is given back, too', () => {
    const { clock, done, state } = watched();
    state.idle = true;
    clock.advance(30_000);
    state.idle = false;
    clock.advance(30_000);
    state.idle = true;
    clock.advance(30_000);
    expect(done).toEqual(['give back', 'speed', 'give back']);
  });

  it('nothing is looked at after the stop', () => {
    const { clock, done, state, idle } = watched();
    state.idle = true;
    idle.stop();
    clock.advance(600_000);
    expect(done).toEqual([]);
  });
});
