import { describe, expect, it } from 'vitest';
import { SparseLog } from '../../../src/observe/sparse-log.ts';

const MINUTE = 60_000;

function sparse() {
  const lines: string[] = [];
  let now = 0;
  const log = new SparseLog(
    (message) => lines.push(`${Math.round(now / MINUTE)} ${message}`),
    () => now,
  );
  return { lines, log, pass: (ms: number) => (now += ms) };
}

describe('the log of what happens again and again', () => {
  it('five times a second for four hours: a line at growing distances, at most one an hour', () => {
    const { lines, log, pass } = sparse();
    for (let each = 0; each < 4 * 60 * 60 * 5; each += 1) {
      log.tell('full');
      pass(200);
    }
    expect(lines.map((line) => Number(line.split(' ')[0]))).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
    expect(lines[1]).toBe('1 full (it lasts: 300 times since it was told last)');
  });

  it('different troubles do not hide each other, and one that comes back later is new', () => {
    const { lines, log, pass } = sparse();
    log.tell('a');
    log.tell('b');
    log.tell('a');
    pass(30 * MINUTE);
    log.tell('b');
    expect(lines).toEqual(['0 a', '0 b', '30 b']);
  });

  it('remembers only so many', () => {
    const { lines, log } = sparse();
    for (let each = 0; each < 1000; each += 1) log.tell(String(each));
    log.tell('0');
    log.tell('999');
    expect(lines.slice(1000)).toEqual(['0 0']);
  });
});
