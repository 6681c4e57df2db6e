/**
 * Names that break programs, each with what must become of a file that has it. Grouped by what they break; legal on Linux
 * file systems, which forbid only "/" and NUL.
 */

/** What a file of that name ends as: an object under its NFC name, an item that failed with a code, or left out by a rule. */
export type NameOutcome = 'stored' | 'ignored' | 'local.name-not-utf8';

export interface HostileName {
  readonly group: string;
  /** As bytes: not every name is text. */
  readonly bytes: Buffer;
  readonly outcome: NameOutcome;
}

const PUNCTUATION = Array.from('!"#$%&\'()*+,-.:;<=>?@[\\]^_`{|}~ ');
const CONTROL = Array.from({ length: 31 }, (_, index) => String.fromCodePoint(index + 1)).concat('\x7f');

const TEXT: Readonly<Record<string, readonly string[]>> = {
  punctuation: PUNCTUATION.flatMap((sign) => [`a${sign}b`, `lead-${sign}`, `${sign}x`, `${sign}${sign}y`]),
  control: CONTROL.map((sign) => `c${sign}c`),
  dots: ['...', '....', '.a', '..a', 'a.', 'a..', 'a.b.c.d', '.a.', '. a', ' .', '.. ', '.-.'],
  spaces: [
    ' lead',
    'trail ',
    '  ',
    'in  between',
    '\u00a0nbsp',
    'thin\u2009space',
    '\u3000',
    'tab\there',
    ' ',
    '\u2028ls',
  ],
  lines: ['new\nline', '\n', 'cr\rlf\r\n', 'vt\vff\f', 'nel\u0085'],
  percent: ['%', '%%', '%2F', '%2f', '%00', '%zz', 'a%20b', '%25', '100%', '%E4%BD%A0', '%u0041'],
  url: [
    '?',
    '?versioning',
    '?uploads',
    'a?x=y&z',
    '#',
    'a#frag',
    'a+b',
    '+',
    'a&b=c',
    'a;b',
    'a=b',
    'http:',
    'a@b:c',
    ':',
  ],
  windows: [
    ...['CON', 'PRN', 'AUX', 'NUL', 'COM1', 'COM9', 'LPT1', 'LPT9', 'CLOCK$', 'CONIN$'].flatMap((name) => [
      name,
      `${name.toLowerCase()}.txt`,
    ]),
    'dot-at-end.',
    'space-at-end ',
    'a:b',
    'a:stream:$DATA',
    'a*b',
    'a?b',
    'a"b',
    'a<b',
    'a>b',
    'a|b',
    'back\\slash',
    '\\\\server\\share',
    'C:',
    'C:\\x',
    'LONGFI~1.TXT',
  ],
  script: [
    'العربية',
    'עברית',
    'हिन्दी',
    'ไทย',
    '中文',
    '日本語',
    '한국어',
    'ქართული',
    'Ελληνικά',
    'Русский',
    'አማርኛ',
    'ᏣᎳᎩ',
    'မြန်မာ',
    'ខ្មែរ',
    'සිංහල',
    'Tiếng Việt',
    'ﷺ',
    '𐎠𐎡',
    '𝒳𝒴',
    '꧁꧂',
    'İstanbul',
    'ﬀﬁ',
    'straße',
    'ΣΊΣΥΦΟΣς',
  ],
  emoji: ['😀', '👩‍👩‍👧‍👦', '🏳️‍🌈', '👍🏽', '🇩🇪', '❤️', '1️⃣', '☃', '🫠', '👨🏿‍🚀.txt'],
  invisible: [
    '\u200b',
    'zero\u200bwidth',
    '\ufeffbom',
    'rtl\u202efdp.exe',
    '\u200e',
    '\u200f',
    '\u2066iso\u2069',
    '\u00ad',
    'a\u034fb',
    'vs\ufe0f',
    '\u180e',
    '\u2060',
  ],
  oddities: [
    '\u0378',
    '\uffff',
    '\ufffe',
    '\ufffd',
    '\ue000',
    '\u{10ffff}',
    '\u{e0001}',
    '\u{f0000}',
    '\u{1f3fb}',
    '\u{fdd0}',
  ],
  composed: [
    'e\u0301',
    '\u00e9x',
    'A\u030angstro\u0308m',
    'q\u0307\u0323',
    '\u1100\u1161\u11a8',
    '각x',
    '\u212bx',
    '\u2126',
    'ﾊﾟ',
    '\u0344',
  ],
  zalgo: [`z${'\u0300\u0301\u0302\u0303\u0315\u031b\u0323\u0330'.repeat(6)}`],
  javascript: [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'prototype',
    'undefined',
    'null',
    'NaN',
    'true',
    'false',
    '0',
    '-0',
    '1e3',
    '0x10',
    '[object Object]',
    'length',
    '9007199254740993',
  ],
  shell: [
    '-rf',
    '--help',
    '-',
    '--',
    '$HOME',
    '`id`',
    '$(id)',
    '~',
    '~root',
    '*',
    '!!',
    '&& ls',
    '; ls',
    '| cat',
    '> x',
    '{a,b}',
    '\\n',
    '\\',
  ],
  injection: [
    "'; DROP TABLE files;--",
    '" OR 1=1',
    '<script>alert(1)<',
    '&amp;',
    '&lt;',
    '<!--',
    ']]>',
    '{{x}}',
    '${x}',
    '%s%n',
    '\x1b[31mred\x1b[0m',
  ],
  patterns: ['**', '[a-z]', '[', ']', '!keep', '#comment', '\\#', 'a\\ b', '(?:', '.*', '^$'],
  remote: [
    '.longshore-x',
    'longshore',
    'soap',
    'WEB-INF',
    '.well-known',
    'a (conflict laptop 2026-01-01 00-00-00).txt',
    'probe',
  ],
  lookalike: [
    'a.tmpx',
    'tmp',
    '.tmp',
    'part',
    '.part',
    'a.part1',
    'desktop.in',
    'Thumbs.dbx',
    '._',
    '~$',
    '#',
    '##',
    'a~b',
    '.#',
  ],
  long: [
    'n'.repeat(255),
    'é'.repeat(127),
    '€'.repeat(85),
    '😀'.repeat(63),
    `${'n'.repeat(251)}.txt`,
    ' '.repeat(255),
    '.'.repeat(255),
  ],
};

/** Names that the rules leave out by default; the rest of the corpus must not be caught by them. */
const IGNORED = [
  'a.tmp', 'B.TMP', 'x.part', 'x.partial', 'x.crdownload', 'x.download', 'x.opdownload', 'x.filepart', 'x.aria2',
  '.goutputstream-ABC', '.~lock.doc.odt#', '~$report.docx', '.#lock', '#auto#', 'backup~', 'x.swp', '.x.swo', '.DS_Store',
  '._resource', 'Thumbs.db', 'desktop.ini', '.longshoreignored.tmp', '.nfs0001', '.fuse_hidden01',
]; // prettier-ignore

const NOT_UTF8: readonly (readonly number[])[] = [
  [0xff], [0xfe, 0xff], [0xc3], [0x61, 0xc3, 0x28], [0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf],
  [0xf5, 0x80, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0x80], [0xbf, 0x61], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0x61, 0xe9, 0x62],
  [0xf4, 0x90, 0x80, 0x80],
]; // prettier-ignore

/** Caught by a default rule although they stand in another group, because that is what they test. */
function outcomeOf(name: string): NameOutcome {
  const lower = name.toLowerCase();
  const caught =
    (lower.length > 1 && lower.endsWith('~')) ||
    (lower.startsWith('~$') && lower.length > 2) ||
    (lower.startsWith('.#') && lower.length > 2) ||
    (lower.startsWith('#') && lower.endsWith('#') && lower.length > 2);
  return caught ? 'ignored' : 'stored';
}

/** Every name once; no two of them share an NFC form. */
export const HOSTILE_NAMES: readonly HostileName[] = unique([
  ...Object.entries(TEXT).flatMap(([group, names]) =>
    names.map((name) => ({ group, bytes: Buffer.from(name), outcome: outcomeOf(name) })),
  ),
  ...IGNORED.map((name) => ({ group: 'ignored', bytes: Buffer.from(name), outcome: 'ignored' as const })),
  ...NOT_UTF8.map((bytes) => ({
    group: 'not UTF-8',
    bytes: Buffer.from(bytes),
    outcome: 'local.name-not-utf8' as const,
  })),
]);

function unique(names: readonly HostileName[]): HostileName[] {
  const seen = new Set<string>();
  return names.filter(({ bytes, outcome }) => {
    const text = bytes.toString('utf8');
    if (text === '.' || text === '..' || text.includes('/')) return false;
    const id = outcome === 'local.name-not-utf8' ? bytes.toString('hex') : text.normalize('NFC');
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}
