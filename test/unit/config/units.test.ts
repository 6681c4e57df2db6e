import { assert, pre, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { substituteEnv } from '../../../src/config/substitute-env.ts';
import { suggest } from '../../../src/config/suggest.ts';
import { parseDurationMs, parseShare, parseSizeBytes } from '../../../src/config/units.ts';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1.5h', 5_400_000],
    ['0s', 0],
  ])('%s', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  it.each(['', '5', 's', '-1s', '1 s', '1S', '1h30m', '1e3s', ' 1s', '1s\n', '.5s', '9999999999999999d'])(
    'not %j',
    (text) => expect(parseDurationMs(text)).toBeNull(),
  );
});

describe('shares', () => {
  it.each([
    ['20%', 0.2],
    ['0%', 0],
    ['100%', 1],
    ['12.5%', 0.125],
  ])('%s', (text, share) => expect(parseShare(text)).toBe(share));

  it.each(['20', '0.2', '101%', '100.1%', '-1%', '%', '20 %', ''])('not %j', (text) => {
    expect(parseShare(text)).toBeNull();
  });
});

describe('sizes', () => {
  it.each([
    [0, 0],
    [1500, 1500],
    ['10MiB', 10_485_760],
    ['1.5 GiB', 1_610_612_736],
    ['500KB', 500_000],
    ['1TB', 1e12],
    ['7B', 7],
  ])('%s', (text, bytes) => expect(parseSizeBytes(text)).toBe(bytes));

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '10', '10M', '10mib', '-1MiB', '99999TiB'])(
    'not %j',
    (text) => expect(parseSizeBytes(text)).toBeNull(),
  );
});

describe('suggestions', () => {
  it.each([
    ['nmae', 'name'],
    ['Path', 'path'],
    ['ignor', 'ignore'],
    ['force_path_style', 'forcePathStyle'],
    ['forcePath', 'forcePathStyle'],
    ['destinaton', 'destination'],
  ])('%s → %s', (given, meant) =>
    expect(suggest(given, ['name', 'path', 'ignore', 'forcePathStyle', 'destination', 'on'])).toBe(meant),
  );

  it.each(['', 'x', 'banana', 'of', '---'])('nothing for %j', (given) =>
    expect(suggest(given, ['name', 'path', 'on', 'ignore'])).toBeNull(),
  );
});

describe('environment substitution', () => {
  it('never looks again at what it put in', () => {
    assert(
      property(string(), (value) => {
        expect(substituteEnv('<${A}>', { A: value })).toEqual({ text: `<${value}>`, used: ['A'], faults: [] });
      }),
    );
  });

  it('leaves text without "${" alone, and gives escaped text back', () => {
    assert(
      property(string(), (text) => {
        pre(!text.includes('${'));
        expect(substituteEnv(text, {}).text).toBe(text);
        expect(substituteEnv(`$\${${text}}`, {}).text).toBe(`\${${text}}`);
      }),
    );
  });
});
