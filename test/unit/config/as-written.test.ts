import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { configAsWritten } from '../../../src/config/as-written.ts';
import {
  parseDurationMs,
  parseShare,
  parseSizeBytes,
  writeDuration,
  writeShare,
  writeSize,
} from '../../../src/config/units.ts';
import { parseDays, parseTimeOfDay, writeDays, writeTimeOfDay } from '../../../src/config/week-words.ts';
import { CONTEXT, good } from './load.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');
const env = { S3_KEY: 'AKID', S3_SECRET: 'secret', DESK_KEY: 'key' };

describe('a configuration in the words of its file', () => {
  it.each(['minimal.yaml', 'full.yaml'])('read again is the same: %s', (file) => {
    const config = good(readFileSync(join(EXAMPLES, file), 'utf8'), { ...CONTEXT, env });
    expect(good(stringify(configAsWritten(config)), { ...CONTEXT, env: {} })).toEqual(config);
  });

  it('read again is the same where it names no variable but looks so', () => {
    const text = stringify({
      folders: [{ path: '/home/me/in', destination: 'main', prefix: 'a$${X}/', ignore: ['$$$${Y'] }],
      destinations: {
        main: { type: 's3', endpoint: 'http://127.0.0.1:9000', bucket: 'demo', credentials: { env: true } },
      },
    });
    const config = good(text, CONTEXT);
    expect(config.folders[0]).toMatchObject({ prefix: 'a${X}/', ignore: ['$$${Y'] });
    expect(good(stringify(configAsWritten(config)), CONTEXT)).toEqual(config);
  });

  it('has the keys and units of the documentation', () => {
    const config = good(readFileSync(join(EXAMPLES, 'full.yaml'), 'utf8'), { ...CONTEXT, env });
    const text = stringify(configAsWritten(config));
    for (const line of [
      'stability: 500ms',
      'maxFileSize: 50GiB',
      'partSizeMiB: 8',
      'askAboveShare: 20%',
      'days: mon-fri',
    ])
      expect(text).toContain(line);
    expect(text).not.toMatch(/(?:Ms|Bytes|Minute|kind|frozen):/);
  });
});

describe('what is written is read as the same', () => {
  it('durations, sizes and shares', () => {
    assert(
      property(nat(2 ** 31 - 1), nat(100), (value, percent) => {
        expect(parseDurationMs(writeDuration(value))).toBe(value);
        expect(parseSizeBytes(writeSize(value))).toBe(value);
        expect(parseShare(writeShare(percent / 100))).toBe(percent / 100);
      }),
    );
    expect([writeDuration(0), writeDuration(90_000), writeDuration(86_400_000)]).toEqual(['0ms', '90s', '1d']);
    expect([writeSize(0), writeSize(200 * 2 ** 20), writeSize(1025)]).toEqual(['0B', '200MiB', '1025B']);
  });

  it('every set of days, and every time', () => {
    for (let set = 1; set < 128; set += 1) {
      const days = [0, 1, 2, 3, 4, 5, 6].filter((day) => (set >> day) % 2 === 1);
      const read = [writeDays(days)].flat().flatMap((words) => parseDays(words) ?? []);
      expect(read.toSorted((a, b) => a - b)).toEqual(days);
    }
    expect([writeDays([1, 2, 3, 4, 5]), writeDays([0, 6]), writeDays([1, 3])]).toEqual([
      'mon-fri',
      'sat-sun',
      ['mon', 'wed'],
    ]);
    for (let minute = 0; minute <= 1440; minute += 1) expect(parseTimeOfDay(writeTimeOfDay(minute))).toBe(minute);
  });
});
