import { describe, expect, test } from 'vitest';
import { csvLine } from '../../../src/cli/csv.ts';
import { formatBytes, formatDuration, formatRelative, withLocalTimes } from '../../../src/cli/format.ts';
import { operationNote } from '../../../src/cli/operation-table.ts';
import { printable } from '../../../src/cli/printable.ts';
import { chooseStyle, colourStyle, plainStyle } from '../../../src/cli/style.ts';
import { formatTable } from '../../../src/cli/table.ts';
import { shorten, textWidth } from '../../../src/cli/text-width.ts';
import { operationView } from '../../support/protocol-fixtures.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [1024 * 1024 - 1, '1.0 MiB'],
  [120 * 1024 * 1024, '120 MiB'],
  [3.2 * 1024 ** 3, '3.2 GiB'],
])('%i bytes read %s', (bytes, words) => {
  expect(formatBytes(bytes)).toBe(words);
});

test.each([
  [500, 'less than 1 s'],
  [42_000, '42 s'],
  [180_000, '3 min'],
  [3_600_000, '1 h'],
  [3_900_000, '1 h 5 min'],
  [86_400_000 * 2 + 3_600_000 * 3, '2 d 3 h'],
])('%i ms read %s', (durationMs, words) => {
  expect(formatDuration(durationMs)).toBe(words);
});

test('times near now are told from now, others as they are', () => {
  const now = Date.parse('2026-07-01T12:00:00Z');
  expect(formatRelative('2026-07-01T12:00:00.500Z', now)).toBe('just now');
  expect(formatRelative('2026-07-01T11:56:00Z', now)).toBe('4 min ago');
  expect(formatRelative('2026-07-01T12:00:30Z', now)).toBe('in 30 s');
  expect(formatRelative('2026-06-01T12:00:00Z', now)).toMatch(/^2026-0[56]-\d\d \d\d:00:00$/);
});

describe('CSV', () => {
  test('quotes what must be quoted and ends with CRLF', () => {
    expect(csvLine(['a', 1, null, undefined, 'x,y', 'say "hi"', 'two\nlines'])).toBe(
      'a,1,,,"x,y","say ""hi""","two\nlines"\r\n',
    );
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\r=x'])('%j can’t become a formula', (cell) => {
    const line = csvLine([cell]);
    expect(line.replace(/^"/, '').startsWith(`'${cell}`)).toBe(true);
  });

  test('a formula with quotes stays one cell', () => {
    expect(csvLine(['=HYPERLINK("http://x","y")'])).toBe(`"'=HYPERLINK(""http://x"",""y"")"\r\n`);
  });
});

describe('text from outside', () => {
  test('can’t move the cursor, break lines or turn direction', () => {
    expect(printable('a\nb\u001b[2Jc\u007f\u009b')).toBe('a␊b␛[2Jc␡\ufffd');
    expect(printable('gpj.\u202eexe')).toBe(String.raw`gpj.\u202eexe`);
  });

  test('stays as it is when it is harmless', () => {
    expect(printable('Grüße 目录 🎉 a+b%.txt')).toBe('Grüße 目录 🎉 a+b%.txt');
  });
});

test('sentences of the engine have local times, in the one format, for people', () => {
  const kept = process.env['TZ'];
  try {
    process.env['TZ'] = 'Asia/Shanghai';
    expect(withLocalTimes('It starts at 2026-07-01T22:03:04Z.')).toBe('It starts at 2026-07-02 06:03:04.');
    const gated = operationView({ gate: 'unreachable', next: 'The service is tried again at 2026-07-01T22:03:05Z.' });
    expect(operationNote(gated, 0)).toBe('unreachable: The service is tried again at 2026-07-02 06:03:05.');
  } finally {
    if (kept === undefined) delete process.env['TZ'];
    else process.env['TZ'] = kept;
  }
});

describe('widths', () => {
  test('wide characters and emoji take two columns, combining marks none', () => {
    expect([textWidth('abc'), textWidth('目录'), textWidth('e\u0301'), textWidth('🎉'), textWidth('👨‍👩‍👧')]).toEqual([
      3, 4, 1, 2, 2,
    ]);
  });

  test('shortened text has the width asked for, never more', () => {
    expect(shorten('abcdef', 4)).toBe('abc…');
    expect(shorten('photos/2024/summer.jpg', 11, 'middle')).toBe('photo…r.jpg');
    expect(shorten('目录目录', 4)).toBe('目…');
    expect(shorten('abc', 3)).toBe('abc');
    expect(shorten('abc', 0)).toBe('');
    for (let columns = 0; columns < 12; columns += 1) {
      expect(textWidth(shorten('a目b录c目d录', columns, 'middle'))).toBeLessThanOrEqual(columns);
    }
  });
});

describe('a table', () => {
  const columns = [
    { title: 'NAME', shrink: 'middle' },
    { title: 'SIZE', align: 'right' },
  ] as const;

  test('lines up, also with wide characters', () => {
    const rows = [
      [{ text: '目录' }, { text: '5 B' }],
      [{ text: 'long-name' }, { text: '12 B' }],
    ];
    expect(formatTable(columns, rows, plainStyle, null)).toBe('NAME       SIZE\n目录        5 B\nlong-name  12 B');
  });

  test('fits the terminal by the columns that may give way', () => {
    const text = formatTable(columns, [[{ text: 'x'.repeat(100) }, { text: '12 B' }]], plainStyle, 40);
    expect(Math.max(...text.split('\n').map(textWidth))).toBe(40);
    expect(text).toContain('12 B');
  });

  test('styles don’t count as width', () => {
    const rows = [[{ text: 'a', style: 'bad' }, { text: '1' }]] as const;
    const lines = formatTable(columns, rows, colourStyle, null).split('\n');
    // oxlint-disable-next-line no-control-regex
    expect(lines[1]?.replaceAll(/\u001b\[\d+m/g, '')).toBe('a        1');
    expect(lines[1]).toContain('\u001b[31m');
  });
});

test('colours only in a terminal that wants them', () => {
  expect(chooseStyle(true, true, {})).toBe(colourStyle);
  for (const style of [
    chooseStyle(false, true, {}),
    chooseStyle(true, false, {}),
    chooseStyle(true, true, { NO_COLOR: '1' }),
    chooseStyle(true, true, { TERM: 'dumb' }),
  ]) {
    expect(style).toBe(plainStyle);
  }
});
